"""What does this test do? It lets visitors log in, which makes two of each one person, and then defines what they would have been in.

How? On a real stack: what they did before they logged in stands in the log of another partition than that of who they became. All
it is defined afterwards, when the worker that merged them has been killed with SIGKILL. The transitions of the switch, `explain` and
a replay of the log must all know what everybody did.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import defaultdict
from pathlib import Path

import pytest

from schemas.routing import partition_of
from stream.kafka.port import Message
from tests.integration.cli import test_changing
from tests.integration.cli.machine import as_json, ebbtide, eventually
from tests.integration.cli.test_changing import PARTITIONS, Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

place = test_changing.place
_PEOPLE = 60
_VIEWS_BEFORE, _VIEWS_AFTER = 5, 2
_OLD = "segments: [{id: buyers, when: {event: bought}}]"
_NEW = """
tags: [{id: keen, cap: 6, rules: [{event: seen}]}]
segments:
  - {id: buyers, when: {event: bought}}
  - {id: often, when: {event: seen, count: {gte: 7}}}
  - {id: keen, when: {tag: keen, score: {gte: 6}}}
"""


Body = dict[str, str]


def _write(deployed: Place, *bodies: Body) -> None:
    batches: dict[int, list[Message]] = defaultdict(list)
    for body in bodies:
        key = f"user:{body['userId']}" if "userId" in body else f"anon:{body['anonymousId']}"
        event = {"id": f"m{deployed.written}", "type": "track"} | body
        batches[partition_of(key, PARTITIONS)].append(Message(key.encode(), json.dumps(event).encode()))
        deployed.written += 1
    asyncio.run(deployed._publish(batches))


def _seen(times: int) -> list[Body]:
    return [{"event": "seen", "anonymousId": f"a{number}"} for number in range(_PEOPLE) for _ in range(times)]


def test_who_logged_in_has_done_what_the_visitor_did(place: Place, tmp_path: Path) -> None:
    with place.worker() as first:
        assert place.apply(_OLD)["everywhere"]
        _write(place, *_seen(_VIEWS_BEFORE))
        _write(place, *({"event": "login", "userId": f"u{number}", "anonymousId": f"a{number}"} for number in range(_PEOPLE)))
        place.all_applied()
        eventually(lambda: _merges(place) == _PEOPLE)
        _write(place, *_seen(_VIEWS_AFTER))
        place.all_applied()
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    with place.worker():
        assert place.apply(_NEW)["everywhere"]
        eventually(lambda: all(len(header.switches) == 1 for header in place.headers()))
        place.at_rest()

    everybody = {f"user:u{number}" for number in range(_PEOPLE)}
    for segment in ("often", "keen"):
        entered = [one["data"]["person"] for one in place.transitions(segment=segment)]
        assert len(entered) == _PEOPLE
        assert set(entered) == everybody
    (why,) = as_json(place.env, "explain", "anon:a7", "often")
    assert why["in"]
    ebbtide(place.env, "replay", "--into", str(tmp_path / "again"), "--compare")


def _merges(deployed: Place) -> int:
    return sum(one["type"] == "person.merged" for one in deployed.transitions())
