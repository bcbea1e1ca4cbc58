"""What does this test do? It imports files of events, stops an import half way by force, and counts what is on the topic.

How? Every command is a subprocess on the broker of the test run; the events are read back from the topic.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stream.stack import Stack
from tests.integration.cli.machine import EBBTIDE, ROOT, as_json, ebbtide, environment, eventually
from tests.integration.collectors.running import read_topic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LINES = 20_000


@pytest.fixture
def env(stack: Stack, redis_url: str, prefix: str) -> dict[str, str]:
    found = environment(stack.kafka, redis_url, prefix)
    ebbtide(found, "topics")
    return found


def written(env: dict[str, str]) -> list[dict[str, Any]]:
    records = asyncio.run(read_topic(env["EBBTIDE_KAFKA"], f"{env['EBBTIDE_PREFIX']}events", 4))
    return [json.loads(record.value) for record in records]


def test_lines_are_imported_once_and_what_is_added_later_too(env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "crm.json"
    lines = [{"userId": f"u{number}", "event": "bought", "timestamp": "2025-01-01T00:00:00Z"} for number in range(3)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"event":"nobody"}\n')
    (dry,) = as_json(env, "import", str(path), "--dry-run", code=1)
    assert (dry["accepted"], dry["refused"]) == (3, {"missing-person": 1})
    (first,) = as_json(env, "import", str(path), "--source", "crm", code=1)
    assert (first["accepted"], first["refused"]) == (3, 1)
    (refused,) = map(json.loads, (tmp_path / "crm.json.refused").read_text().splitlines())
    assert (refused["line"], refused["reason"], refused["original"]) == (4, "missing-person", '{"event":"nobody"}')
    with path.open("a") as file:
        file.write('{"type":"tag","userId":"u9","tags":{"vip":{}}}\n')
    (second,) = as_json(env, "import", str(path), "--source", "crm")
    assert (second["accepted"], second["accepted_in_all"]) == (1, 4)

    found = written(env)
    assert Counter((event["type"], event["userId"]) for event in found) == Counter(
        [("track", "u0"), ("track", "u1"), ("track", "u2"), ("tag", "u9")]
    )
    assert {event["source"] for event in found} == {"crm"}
    assert {event["timestamp"] for event in found if event["type"] == "track"} == {1_735_689_600_000}


def test_packed_csv_is_imported(env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b'userId,properties.price:number,properties.note\nu1,129,"two\nlines"\nu2,1.5,\n'))
    assert as_json(env, "import", str(path), "--event", "bought")[0]["accepted"] == 2
    assert sorted((event["userId"], event["properties"]["price"]) for event in written(env)) == [("u1", 129), ("u2", 1.5)]


def test_an_import_that_is_killed_goes_on_with_each_line_once(env: dict[str, str], tmp_path: Path) -> None:
    path, kept = tmp_path / "big.json", tmp_path / "big.json.import.json"
    path.write_text("".join(f'{{"id":"m{number}","userId":"u{number % 500}","event":"seen"}}\n' for number in range(LINES)))
    running = subprocess.Popen([*EBBTIDE, "import", str(path), "--json"], env=env, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: kept.exists() and json.loads(kept.read_bytes())["accepted"] > 0, every=0.002)
    finally:
        running.kill()
        running.wait()
    left = kept.read_bytes()
    assert not json.loads(left)["done"], "it was done before it was killed"
    (last,) = as_json(env, "import", str(path))
    assert last["accepted_in_all"] == LINES
    # Killed at the worst moment: all is in, and the position does not say so.
    kept.write_bytes(left)
    (again,) = as_json(env, "import", str(path))
    assert again["accepted_in_all"] == LINES
    assert Counter(event["id"] for event in written(env)) == Counter(f"m{number}" for number in range(LINES))
