"""The collector's metrics with their labels resolved once, so that the hot path only counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from schemas.rejection import REASONS
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from collectors.first_party.hand_over import Outcome
    from schemas.rejection import Reason
    from stream.runtime.metrics import Metrics


class RouteMetrics:
    """What is counted about one route.

    A counter of the library takes a lock, so answers given in one turn of the event loop are counted together after it.
    """

    __slots__ = ("_accepted", "_accepted_now", "_by_class", "_flushing", "_given_up", "_now", "_seconds")

    def __init__(self, metrics: Metrics, route: str, protocol: str | None) -> None:
        self._by_class = {first: metrics.counter(catalogue.REQUESTS, route=route, outcome=f"{first}xx") for first in (2, 3, 4, 5)}
        self._seconds = metrics.histogram(catalogue.REQUEST_SECONDS, route=route)
        self._accepted = metrics.counter(catalogue.EVENTS_ACCEPTED, protocol=protocol) if protocol else None
        self._given_up = metrics.counter(catalogue.GIVEN_UP, protocol=protocol) if protocol else None
        self._now = dict.fromkeys(self._by_class, 0)
        self._accepted_now = 0
        self._flushing = False

    def answered(self, status: int, seconds: float) -> None:
        """A request was answered with this status, so long after its last byte."""
        self._now[status // 100] += 1
        self._seconds.observe(seconds)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def accepted(self, events: int) -> None:
        """So many events were acknowledged; counted with the answer that follows."""
        self._accepted_now += events

    def given_up(self, events: int) -> None:
        """So many events were answered as if they had been stored."""
        if self._given_up is not None:
            self._given_up.inc(events)

    def _flush(self) -> None:
        self._flushing = False
        for first, count in self._now.items():
            if count:
                self._by_class[first].inc(count)
                self._now[first] = 0
        if self._accepted is not None and self._accepted_now:
            self._accepted.inc(self._accepted_now)
            self._accepted_now = 0


class Telling:
    """All counters of the application."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._rejected = {
            reason.code: metrics.counter(catalogue.REJECTED, reason=reason.code) for reason in REASONS if reason.stage == "collector"
        }
        self.preflight = RouteMetrics(metrics, "preflight", None)
        self.debug = RouteMetrics(metrics, "debug", None)
        self.unknown = RouteMetrics(metrics, "unknown", None)

    def route(self, name: str, protocol: str) -> RouteMetrics:
        """The metrics of a route; several paths may share a name."""
        return RouteMetrics(self._metrics, name, protocol)

    def limited(self, source: str, limit: str, events: int) -> None:
        """So many events of a source were over one of its limits."""
        self._metrics.counter(catalogue.LIMITED, source=source, limit=limit).inc(events)

    def handed_over(self, outcomes: Iterable[Outcome]) -> None:
        """Visitors were handed on to other hosts, or came from there."""
        for outcome in outcomes:
            self._metrics.counter(catalogue.HAND_OVERS, outcome=outcome).inc()

    def rejected(self, reason: Reason) -> None:
        """One request or event was refused."""
        self._rejected[reason.code].inc()
