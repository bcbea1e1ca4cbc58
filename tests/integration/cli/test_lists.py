"""What does this test do? It uploads lists of persons and looks at who enters and leaves by them.

How? `ebbtide up` runs as a subprocess on the broker and store of the test run; every other command is a subprocess too.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from stream.lists.register import unpack_bucket
from stream.stack import Stack
from tests.integration.cli.machine import EBBTIDE, ROOT, as_json, ebbtide, environment, eventually, line_with, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DEFINITIONS = "segments: [{id: vips, when: {list: vip}}, {id: others, when: {not: {list: vip}}}]"


@pytest.fixture
def env(stack: Stack, redis_url: str, prefix: str) -> dict[str, str]:
    return environment(stack.kafka, redis_url, prefix)


@pytest.fixture
def up(env: dict[str, str], tmp_path: Path) -> Iterator[None]:
    where = ("--kafka", env["EBBTIDE_KAFKA"], "--redis", env["EBBTIDE_REDIS"], "--data", str(tmp_path / "data"), "--port", "0")
    with running(env, "up", *where, "--json") as process:
        line_with(process, "ready")
        yield


def file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def story(env: dict[str, str]) -> dict[str, list[tuple[str, str, str]]]:
    """By person: type, segment and cause of each transition in order."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for record in as_json(env, "transitions", "--all"):
        value: dict[str, Any] = record["value"]
        data = value["data"]
        found.setdefault(data["person"], []).append((value["type"].removeprefix("segment."), data["segment"], data["cause"]))
    return found


def test_people_enter_and_leave_by_the_lists_that_are_put_and_a_replay_says_the_same(up: None, env: dict[str, str], tmp_path: Path) -> None:
    early = file(tmp_path, "early.txt", "u1\nuser:u2\n\nanon:a1\n")
    (put,) = as_json(env, "list", "put", "vip", early)
    assert (put["persons"], put["added"], put["removed"]) == (3, 3, 0)
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    file(definitions, "a.yaml", DEFINITIONS)
    (plan,) = as_json(env, "plan", str(definitions))
    assert [(one["segment"], one["enters"]) for one in plan["segments"]] == [("others", 0), ("vips", 3)]
    ebbtide(env, "apply", str(definitions))
    eventually(lambda: as_json(env, "members", "vips", "--count")[0]["members"] == 3)

    later = file(tmp_path, "later.csv", "name,member\nTwo,u2\nThree,u3\nThree again,u3\n")
    (second,) = as_json(env, "list", "put", "vip", later, "--column", "member")
    assert (second["persons"], second["added"], second["removed"]) == (2, 1, 2)
    assert second["version"] > put["version"]
    eventually(lambda: sorted(one["person"] for one in as_json(env, "members", "vips")) == ["user:u2", "user:u3"])
    assert [as_json(env, "person", who)[0]["lists"] for who in ("u1", "u2")] == [[], ["vip"]]
    (third,) = as_json(env, "list", "put", "vip", file(tmp_path, "none.txt", ""))
    assert (third["persons"], third["removed"]) == (0, 2)
    eventually(lambda: as_json(env, "members", "vips", "--count")[0]["members"] == 0)

    entered, left = ("entered", "vips", "definition"), [("left", "vips", "list"), ("entered", "others", "list")]
    eventually(
        lambda: (
            {person: sorted(each) for person, each in story(env).items()}
            == {
                "user:u1": sorted([entered, *left]),
                "anon:a1": sorted([entered, *left]),
                "user:u2": sorted([entered, *left]),
                "user:u3": sorted([("entered", "vips", "list"), *left]),
            }
        )
    )
    (why,) = as_json(env, "explain", "user:u3", "vips")
    assert (why["in"], why["because"]["facts"]) == (False, {"named": False})
    assert as_json(env, "list") == [{"list": "vip", "version": third["version"], "persons": 0, "unsure": 0}]
    assert as_json(env, "dead-letters") == []
    (replayed,) = as_json(env, "replay", "--into", str(tmp_path / "replayed"), "--compare")
    assert (replayed["difference"]["empty"], replayed["difference"]["same"]) == (True, 12), replayed


def test_a_file_with_wrong_lines_and_a_put_beside_another_write_nothing(env: dict[str, str], tmp_path: Path) -> None:
    ebbtide(env, "topics")
    wrong = file(tmp_path, "wrong.txt", "u1\nuser:\n")
    ebbtide(env, "list", "put", "vip", wrong, code=1)
    ebbtide(env, "list", "put", "VIP", wrong, code=2)
    ebbtide(env, "list", "put", "vip", file(tmp_path, "no.csv", "name\nAnn\n"), code=1)
    right = file(tmp_path, "right.txt", "u1\n")
    with Redis.from_url(env["EBBTIDE_REDIS"]) as client:
        client.set("{list:vip}h", "somebody", px=60_000)
        ebbtide(env, "list", "put", "vip", right, code=1)
        assert as_json(env, "events", "--internal", "--all") == []
        client.delete("{list:vip}h")
    ebbtide(env, "list", "put", "vip", right)
    assert [(record["internal"], record["key"]) for record in as_json(env, "events", "--internal", "--all")] == [("list", "user:u1")]
    assert "Nobody joins or leaves" in ebbtide(env, "list", "put", "vip", right)


def test_a_put_that_is_killed_half_way_is_known_and_the_next_one_takes_back_what_it_told(env: dict[str, str], tmp_path: Path) -> None:
    ebbtide(env, "topics")
    big = file(tmp_path, "big.txt", "".join(f"u{number}\n" for number in range(20_000)))
    with Redis.from_url(env["EBBTIDE_REDIS"]) as client:
        put = subprocess.Popen(
            [*EBBTIDE, "list", "put", "vip", big], env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # The first bucket is sure as soon as the log has been told of it; there are 255 others.
        eventually(lambda: bool(unpack_bucket(client.hget("{list:vip}", "0")).sure))
        put.kill()
        put.wait()
        (left,) = as_json(env, "list")
        assert left["unsure"] > 0, "it was done before it was killed"
        client.delete("{list:vip}h")  # as the hold runs out, a minute later
    small = file(tmp_path, "small.txt", "u1\nu19999\nnewcomer\n")
    (done,) = as_json(env, "list", "put", "vip", small)

    stands: dict[str, tuple[int, bool]] = {}
    for line in ebbtide(env, "events", "--internal", "--all", "--json").splitlines():
        said = json.loads(line)["value"]
        for person in (*said.get("add", ()), *said.get("remove", ())):
            stands[person] = max(stands.get(person, (0, False)), (said["version"], "add" in said))
    assert {person for person, (_, named) in stands.items() if named} == {"user:u1", "user:u19999", "user:newcomer"}
    assert as_json(env, "list") == [{"list": "vip", "version": done["version"], "persons": 3, "unsure": 0}]
