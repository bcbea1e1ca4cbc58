"""Keeping what was refused: its bytes untouched, its reason in headers, at a rate that no stranger can drive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from stream import VERSION
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from collectors.server.lane import Headers, Lane, Receipt
    from collectors.server.publisher import Publisher
    from schemas.rejection import Reason
    from stream.runtime.metrics import Metrics

DETAIL_BYTES_MAX: Final = 512
LETTER_BYTES_MAX: Final = 1_000_000
"""A broker takes records of 1 MiB with all that is around them unless told otherwise, and one that it refuses costs a new producer."""

_BURST_SECONDS: Final = 10


class TokenBucket:
    """So many a second, with bursts of ten seconds' worth."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._now = now
        self._tokens = per_second * _BURST_SECONDS
        self._at = now()

    def take(self) -> bool:
        """Whether one more is allowed now; if so it is spent."""
        now = self._now()
        self._tokens = min(self._per_second * _BURST_SECONDS, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class DeadLetters:
    """Writes dead letters of the collector's stage to their lane."""

    def __init__(self, publisher: Publisher, lane: Lane, bucket: TokenBucket, metrics: Metrics) -> None:
        self.lane = lane
        self._publisher = publisher
        self._bucket = bucket
        self._stored = metrics.counter(catalogue.DEAD_LETTERS, outcome="stored")
        self._failed = metrics.counter(catalogue.DEAD_LETTERS, outcome="failed")
        self._capped = metrics.counter(catalogue.DEAD_LETTERS, outcome="capped")
        self._too_large = metrics.counter(catalogue.DEAD_LETTERS, outcome="too-large")

    def wants(self, reason: Reason, original: bytes) -> bool:
        """Whether this will be stored; if not, that is counted. Spends a token."""
        if not reason.dead_letter:
            return False
        if len(original) > LETTER_BYTES_MAX:
            self._too_large.inc()
            return False
        if not self._bucket.take():
            self._capped.inc()
            return False
        return True

    def store(self, original: bytes, headers: Headers, receipt: Receipt) -> None:
        """Hand one letter to the publisher; ``receipt`` hears when it is in."""
        self._publisher.publish(self.lane, None, original, _Counted(self, receipt), headers)

    def count(self, failure: Reason | None) -> None:
        """Count how one letter fared."""
        (self._stored if failure is None else self._failed).inc()


class _Counted:
    __slots__ = ("_letters", "_receipt")

    def __init__(self, letters: DeadLetters, receipt: Receipt) -> None:
        self._letters = letters
        self._receipt = receipt

    def settle(self, failure: Reason | None) -> None:
        self._letters.count(failure)
        self._receipt.settle(failure)


def letter_headers(reason: Reason, detail: str, received_ms: int) -> list[tuple[str, bytes]]:
    """The headers of a dead letter of this stage; the detail is cut to 512 bytes at a whole character."""
    headers = [
        ("reason", reason.code.encode()),
        ("stage", reason.stage.encode()),
        ("version", VERSION.encode()),
        ("received-at", b"%d" % received_ms),
        ("attempts", b"1"),
    ]
    if detail:
        cut = detail.encode(errors="replace")[:DETAIL_BYTES_MAX].decode(errors="ignore").encode()
        headers.append(("detail", cut))
    return headers
