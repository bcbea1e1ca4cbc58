"""Visitors without an id: one name a day, on every process that shares the salt, and no way back."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from collectors.server.salts import FolderSalts, SecretSalts
from collectors.visitors import Visitors
from tests.unit.collectors.asking import NOW_MS, DayAsSalt

DAY_MS = 86_400_000
VISITORS = Visitors(DayAsSalt())


def test_a_visitor_has_one_name_a_day_and_a_site() -> None:
    def name(site: str = "a", address: str = "203.0.113.9", agent: str = "x", now_ms: int = NOW_MS) -> str:
        return VISITORS.name_of(site, address, agent, now_ms)

    midnight = NOW_MS // DAY_MS * DAY_MS
    assert name(now_ms=midnight) == name(now_ms=midnight + DAY_MS - 1)
    names = {name(), name(site="b"), name(address="203.0.113.8"), name(agent="y"), name(now_ms=NOW_MS + DAY_MS), name(agent="\udc80")}
    assert len(names) == 6
    assert len(name()) == 32


def test_processes_of_one_folder_share_the_salt_of_the_day_and_forget_those_before(tmp_path: Path) -> None:
    one, two = FolderSalts(tmp_path / "salts"), FolderSalts(tmp_path / "salts")
    first = one.of(20_000)
    assert two.of(20_000) == first == FolderSalts(tmp_path / "salts").of(20_000)
    assert len(first) == 32

    assert one.of(20_001) != first
    assert [path.name for path in (tmp_path / "salts").iterdir()] == ["20001"]
    assert (tmp_path / "salts" / "20001").stat().st_mode & 0o077 == 0
    assert one.of(20_000) == one.of(20_001)


def test_without_a_folder_a_process_has_a_salt_of_its_own(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    salts = FolderSalts(tmp_path / "file" / "salts")
    with caplog.at_level(logging.WARNING, logger="collectors"):
        assert salts.of(1) == salts.of(1)
    assert "by this process alone" in caplog.text


def test_machines_with_one_secret_have_one_salt_a_day() -> None:
    assert SecretSalts(b"s" * 16).of(1) == SecretSalts(b"s" * 16).of(1)
    assert len({SecretSalts(b"s" * 16).of(1), SecretSalts(b"s" * 16).of(2), SecretSalts(b"t" * 16).of(1)}) == 3
