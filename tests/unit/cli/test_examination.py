from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stream.cli.deployment import LogEnds
from stream.cli.examination import clock_finding, lane_findings, spool_findings, store_findings
from stream.store.port import LaneHeader

GOOD: dict[str, Any] = {
    "redis_version": "7.0.15",
    "aof_enabled": 1,
    "maxmemory_policy": "noeviction",
    "maxmemory": 1 << 30,
    "used_memory": 1 << 20,
}


def states(**changes: Any) -> dict[str, str]:
    return {finding.what: finding.state for finding in store_findings({**GOOD, **changes}, "here")}


def test_a_store_as_it_must_be_is_good() -> None:
    assert set(states().values()) == {"good"}


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("store", {"redis_version": "5.0.1"}),
        ("append-only file", {"aof_enabled": 0}),
        ("eviction policy", {"maxmemory_policy": "allkeys-lru"}),
        ("memory", {"used_memory": (1 << 30) - 1}),
    ],
)
def test_each_fault_of_the_store_is_found_with_advice(what: str, changes: dict[str, Any]) -> None:
    (finding,) = [each for each in store_findings({**GOOD, **changes}, "here") if each.what == what]

    assert finding.state == "bad"
    assert finding.advice


def test_a_clock_is_wrong_only_outside_of_the_two_looks_at_ours() -> None:
    assert clock_finding("clock", 1_050, 1_000, 1_100).state == "good"
    assert clock_finding("clock", 5_000, 1_000, 1_100).state == "bad"
    assert clock_finding("clock", 100, 1_000, 1_100).found.startswith("-900 ms")


def test_a_cursor_outside_the_log_is_a_fault() -> None:
    log = LogEnds({0: 10, 1: 0}, {0: 20, 1: 5})

    found = lane_findings({0: LaneHeader(cursor=3), 1: None}, log)

    assert [finding.state for finding in found] == ["good", "bad"]
    assert found[0].found == "22 records"


def test_a_spool_that_holds_events_is_noted_and_damaged_ones_are_to_be_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "events-8"
    assert spool_findings(folder) == []
    folder.mkdir()
    assert [each.state for each in spool_findings(folder)] == ["good"]
    (folder / "1.spool").write_bytes(b"xyz")
    assert [(each.state, each.found) for each in spool_findings(folder)] == [("note", "3 bytes of events wait for the broker")]
    (folder / "set-aside").mkdir()
    (folder / "set-aside" / "1").write_bytes(b"x")
    assert [each.state for each in spool_findings(folder)] == ["note", "bad"]
