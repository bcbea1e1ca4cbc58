"""Requests as real clients made them: each is understood, whatever was done to its body and its headers."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.unit.collectors.asking import ask

CAPTURED: Final = sorted((Path(__file__).parents[1] / "captured").glob("*.json"))
NAMES: Final = {"viewed", "opened", "engagement", "_$pageleave", "$page", "$screen", "$identify", "$group", "$alias", "$click"} | {
    "revenue_amount",
    "session_start",
}
MOST_APART_MS: Final = 60_000


@pytest.mark.parametrize("path", CAPTURED, ids=lambda path: str(path.stem))
def test_what_a_client_sent_is_understood_in_whole(path: Path) -> None:
    seen: Counter[str] = Counter()
    for request in json.loads(path.read_text(encoding="utf-8")):
        told = ask(request["url"], b64decode(request["body"]), request["headers"], method=request["method"], now_ms=request["at"])
        assert told.answer.status in {200, 202, 204}
        assert told.refused == []
        for event in told.events:
            seen[event.get("event") or f"${event['type']}"] += 1
            assert 0 <= event["receivedAt"] - event["timestamp"] < MOST_APART_MS
            assert event["type"] == "alias" or event.get("userId", "u0") in {"u0", "u1", "u2"}

    assert set(seen) <= NAMES
    assert seen["viewed"] > 0


def test_every_protocol_has_a_captured_client() -> None:
    assert len(CAPTURED) >= 9
