"""What does this test do? It lets a person of two ids fall silent, and looks for what is left of it.

How? `ebbtide up` runs as a subprocess on the broker and store of the test run, and so does every other command.
"""

from __future__ import annotations

from pathlib import Path
from time import sleep

import pytest

from schemas.routing import partition_of
from stream.stack import Stack
from tests.integration.cli.machine import as_json, ebbtide, environment, eventually, line_with, running
from tests.integration.cli.test_privacy import ANON, USER, apply, told, traces, view

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

AFTER_SECONDS = 8
SEGMENTS = "segments: [{id: seen, when: {event: viewed}}]"
NEVER = SEGMENTS
SOON = f"settings: {{dedupe: 5s, forget_after: {AFTER_SECONDS}s}}\n{SEGMENTS}"
# Both are filled from the log, in which the first life stands.
MORE = """
settings: {dedupe: 5s, forget_after: 365d}
tags: [{id: keen, rules: [{event: viewed}]}]
segments: [{id: seen, when: {event: viewed}}, {id: often, when: {event: viewed, count: {gte: 2}}}]
"""


@pytest.fixture
def env(stack: Stack, redis_url: str, prefix: str) -> dict[str, str]:
    return environment(stack.kafka, redis_url, prefix)


def test_who_falls_silent_is_forgotten_and_begins_anew(env: dict[str, str], tmp_path: Path) -> None:
    where = ("--kafka", env["EBBTIDE_KAFKA"], "--redis", env["EBBTIDE_REDIS"], "--data", str(tmp_path / "data"), "--port", "0")
    assert partition_of(USER, 4) != partition_of(ANON, 4), "the pointer must be in another lane"
    with running(env, "up", *where, "--json") as process:
        line_with(process, "ready")
        apply(env, tmp_path / "definitions", NEVER)
        view(env, "m1", anonymousId="laptop-9c1")
        view(env, "m2", userId="ulrike-74", anonymousId="laptop-9c1")
        eventually(lambda: len(as_json(env, "identity", "show", USER)[0]["ids"]) == 2)
        first = as_json(env, "person", USER)[0]["incarnation"]
        apply(env, tmp_path / "definitions", SOON)
        view(env, "m3", userId="someone-else")

        eventually(lambda: ("seen", "left", "erasure", first) in told(env))
        # The outbox is cleared by the commit after the next.
        eventually(lambda: traces(env) == [])
        ebbtide(env, "person", USER, code=1)

        apply(env, tmp_path / "definitions", MORE)
        view(env, "m4", anonymousId="laptop-9c1")
        view(env, "m5", userId="ulrike-74")
        eventually(lambda: [one[:3] for one in told(env)].count(("seen", "entered", "event")) == 4)
        (again,) = as_json(env, "person", USER)
        assert (again["incarnation"] > first, again["ids"]) == (True, [USER])
        assert {one["segment"]: one["in"] for one in again["segments"]} == {"seen": True, "often": False}
        sleep(1)
        (whole,) = as_json(env, "replay", "--into", str(tmp_path / "whole"), "--compare")
        assert whole["difference"]["empty"], whole
        assert whole["difference"]["same"] == whole["written"] > 0
    assert as_json(env, "dead-letters") == []
