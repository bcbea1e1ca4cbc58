from __future__ import annotations

from schemas.errors import Rejected
from schemas.rejection import NOT_JSON, TOO_OLD
from schemas.topics import Topics
from stream import VERSION
from stream.worker.batch import DeadLetter
from stream.worker.dead_letters import DeadLetters
from tests.unit.worker.made import FakePublisher, record


async def test_a_dead_letter_is_the_original_with_the_reason_beside_it() -> None:
    publisher = FakePublisher()
    letters = [DeadLetter(record(7, 0, b"\xff{"), Rejected(NOT_JSON, "broken")), DeadLetter(record(9, 0, None), Rejected(TOO_OLD))]

    await DeadLetters(publisher, Topics("t."), 3).publish(letters, 1_764_000_000_999)

    (first, second) = publisher.batches[0]
    assert (first.key, first.value, second.value) == (b"key", b"\xff{", None)
    assert first.headers == (
        ("reason", b"not-json"),
        ("stage", b"lane"),
        ("version", VERSION.encode()),
        ("source-topic", b"t.events"),
        ("source-partition", b"3"),
        ("source-offset", b"7"),
        ("received-at", b"1764000000999"),
        ("attempts", b"1"),
        ("detail", b"broken"),
    )
    assert publisher.places == {("t.dead-letters", 0)}


async def test_a_broker_that_is_away_is_waited_for_because_the_cursor_must_not_pass() -> None:
    publisher = FakePublisher(refusals=1)

    await DeadLetters(publisher, Topics(), 0).publish([DeadLetter(record(0, 0, b""), Rejected(NOT_JSON))], 0)

    assert [len(batch) for batch in publisher.batches] == [1]


async def test_a_long_detail_and_one_that_is_no_utf_8_are_told_as_far_as_they_go() -> None:
    publisher = FakePublisher()
    letters = [DeadLetter(record(0, 0, b""), Rejected(NOT_JSON, detail)) for detail in ("x" * 9_999, "\ud800")]

    await DeadLetters(publisher, Topics(), 0).publish(letters, 0)

    assert [dict(message.headers)["detail"] for message in publisher.batches[0]] == [b"x" * 512, b"?"]
