"""Records that cannot be applied go to the dead-letter topic: original bytes, and why."""

from __future__ import annotations

from schemas.topics import Topics
from stream import VERSION
from stream.kafka.port import Message, Publisher
from stream.store.redis import until_available
from stream.worker.batch import DeadLetter

_DETAIL_BYTES_MAX = 512


class DeadLetters:
    """Writes a lane's dead letters, and returns only when the broker has them: the cursor must not pass them before."""

    def __init__(self, publisher: Publisher, topics: Topics, partition: int) -> None:
        self._publisher = publisher
        self._topic = topics.dead_letters
        self._source_topic = topics.events.encode()
        self._partition = partition
        self._version = VERSION.encode()

    async def publish(self, letters: list[DeadLetter], now_ms: int) -> None:
        """Write them all."""
        messages = [self._message(letter, now_ms) for letter in letters]
        await until_available(lambda: self._publisher.publish(self._topic, 0, messages))

    def _message(self, letter: DeadLetter, now_ms: int) -> Message:
        record, rejected = letter.record, letter.rejected
        headers = (
            ("reason", rejected.reason.code.encode()),
            ("stage", rejected.reason.stage.encode()),
            ("version", self._version),
            ("source-topic", self._source_topic),
            ("source-partition", b"%d" % self._partition),
            ("source-offset", b"%d" % record.offset),
            ("received-at", b"%d" % now_ms),
            ("attempts", b"1"),
            ("detail", rejected.detail.encode(errors="replace")[:_DETAIL_BYTES_MAX]),
        )
        return Message(record.key, record.value, headers)
