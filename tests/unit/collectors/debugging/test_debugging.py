"""Who may watch what arrives, what is shown, and what becomes of those who read slowly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collectors.debugging.debugging import HEAD, Debugging, DebugLimits
from collectors.http import Answer, Listener, Request
from collectors.protocols.port import Parsed
from schemas import rejection
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics

TOKEN = b"a-token-of-the-admins"
BEARER = {b"authorization": b"Bearer " + TOKEN}


class Screen:
    """The other side of a stream: reads as long as it is not blocked."""

    def __init__(self) -> None:
        self.is_blocked = False
        self.listener: Listener | None = None
        self.seen: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.seen.append(data)

    def open(self, request: Request, head: bytes, listener: Listener) -> Screen:
        assert head == HEAD
        self.listener = listener
        return self

    def read_on(self) -> None:
        assert self.listener is not None
        self.is_blocked = False
        self.listener.resumed()

    def leave(self) -> None:
        assert self.listener is not None
        self.listener.ended()

    def shown(self) -> list[tuple[str, Any]]:
        frames = [frame.decode().split("\n") for frame in self.seen if frame.startswith(b"event: ")]
        return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data, *_ in frames]

    def names(self) -> list[str]:
        return [data["event"] if kind == "event" else f"{kind} {data.get('lost', '')}".strip() for kind, data in self.shown()]


def ask(query: bytes = b"", headers: dict[bytes, bytes] = BEARER, method: bytes = b"GET", screen: Screen | None = None) -> Request:
    def respond(request: Request, answer: Answer, extra: bytes = b"") -> None:
        raise AssertionError("who opens a stream does not answer")

    request = Request(method, b"/debug/events?" + query, headers, "127.0.0.1", respond)
    request.open_stream = (screen or Screen()).open
    return request


def debugging(**limits: Any) -> tuple[Debugging, Metrics]:
    metrics = Metrics(catalogue.CATALOGUE)
    return Debugging(DebugLimits(**{"token": TOKEN, **limits}), metrics), metrics


def event(name: str, source: str = "web", **fields: Any) -> Parsed:
    return Parsed([("user:u1", json.dumps({"type": "track", "event": name, "source": source, **fields}).encode())])


def watching(found: Debugging, query: bytes = b"") -> Screen:
    screen = Screen()
    assert found.open(ask(query, screen=screen)) is None
    return screen


@pytest.mark.parametrize(
    "header",
    [None, b"", b"Bearer", b"Bearer ", b"Bearer wrong", b"Basic " + TOKEN, TOKEN, b"Bearer " + TOKEN + b"x", b"Bearer " + TOKEN[:-1]],
)
def test_without_the_right_token_nobody_watches(header: bytes | None) -> None:
    found, _ = debugging()
    assert found.open(ask(headers={} if header is None else {b"authorization": header})) is rejection.WRONG_ADMIN_TOKEN
    assert not found.is_watched


def test_where_no_token_is_set_there_is_no_such_path() -> None:
    found, _ = debugging(token=None)
    assert found.open(ask(headers={b"authorization": b"Bearer "})) is rejection.NOT_FOUND


def test_only_get_opens_a_stream() -> None:
    found, _ = debugging()
    assert found.open(ask(method=b"POST")) is rejection.METHOD_NOT_ALLOWED


def test_one_more_than_may_watch_is_refused_until_somebody_leaves() -> None:
    found, metrics = debugging(streams=2)
    first, _ = watching(found), watching(found)
    assert found.open(ask()) is rejection.OVERLOADED
    assert metrics.value(catalogue.DEBUG_CONNECTIONS) == 2

    first.leave()
    assert metrics.value(catalogue.DEBUG_CONNECTIONS) == 1
    watching(found)


def test_it_is_known_whether_anybody_watches() -> None:
    found, _ = debugging()
    screen = watching(found)
    assert found.is_watched
    screen.leave()
    assert not found.is_watched


def test_events_are_shown_by_source_and_name() -> None:
    found, _ = debugging()
    everything, web, seen, odd = (watching(found, query) for query in (b"", b"source=web", b"name=seen", b"&" * 20))
    for parsed in (event("seen"), event("bought", "app"), event("", type="identify")):
        found.accepted(parsed)

    assert everything.names() == odd.names() == ["seen", "bought", ""]
    assert web.names() == ["seen", ""]
    assert seen.names() == ["seen"]


def test_what_is_refused_is_shown_with_why_and_its_first_bytes() -> None:
    found, _ = debugging()
    screen, other = watching(found, b"source=web&name=seen"), watching(found, b"source=app")
    found.refused("web", rejection.POOR_QUALITY, "properties.price: \ud800", b"\xff" * 3_000)

    ((kind, told),) = screen.shown()
    assert (kind, told["source"], told["reason"], told["detail"]) == ("refused", "web", "poor-quality", "properties.price: ?")
    assert len(told["original"]) == 2_000
    assert other.shown() == []


def test_who_reads_slowly_loses_events_and_is_told_how_many_where_they_are_missing() -> None:
    found, metrics = debugging(queue_bytes=300)
    screen = watching(found)
    screen.is_blocked = True
    for number in range(10):
        found.accepted(event(f"e{number}"))
    screen.read_on()
    found.accepted(event("later"))

    names = screen.names()
    kept = [name for name in names if name.startswith("e")]
    assert kept == [f"e{number}" for number in range(len(kept))]
    assert names == [*kept, f"lost {10 - len(kept)}", "later"]
    assert 0 < len(kept) < 10
    assert metrics.value(catalogue.DEBUG_LOST) == 10 - len(kept)


def test_a_loss_is_told_before_what_comes_after_it_even_when_the_reader_stops_again() -> None:
    found, _ = debugging(queue_bytes=200)
    screen = watching(found)
    screen.is_blocked = True
    for name in ("a", "b", "c", "d"):
        found.accepted(event(name))
    kept = 0

    def one_more(data: bytes) -> None:
        screen.seen.append(data)
        screen.is_blocked = True

    screen.write = one_more  # type: ignore[method-assign]
    while "lost" not in " ".join(screen.names()):
        screen.read_on()
        kept += 1
        assert kept < 10
    screen.write = screen.seen.append  # type: ignore[assignment, method-assign]
    found.accepted(event("z"))
    screen.read_on()

    *first, lost, last = screen.names()
    assert (lost, last) == (f"lost {4 - len(first)}", "z")


def test_a_heartbeat_finds_out_who_has_gone_and_waits_for_who_is_slow() -> None:
    found, _ = debugging()
    fast, slow, gone = (watching(found) for _ in range(3))
    slow.is_blocked = True
    gone.leave()
    before = len(fast.seen), len(slow.seen), len(gone.seen)
    found.beat()
    assert (len(fast.seen), len(slow.seen), len(gone.seen)) == (before[0] + 1, before[1], before[2])
