"""What cannot be stored and will not be sent again is counted, by what its client hears: whoever hears success sends nothing again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from prometheus_client import generate_latest

from collectors.body import Limits
from collectors.http import Answer, Request
from collectors.protocols.port import Submission
from collectors.protocols.registry import PROTOCOLS
from collectors.server.app import App, Errand
from collectors.server.routing import RouteTable
from collectors.server.telling import Telling
from collectors.sources import SourceTable
from schemas import rejection
from schemas.definitions.model import Source
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics

SHOP: Final = Source("shop-web", "web", (), ("*",))


class Told:
    """An application in which nothing can be stored, and what it has answered."""

    def __init__(self) -> None:
        self.metrics = Metrics(catalogue.CATALOGUE)
        self.telling = Telling(self.metrics)
        self.answers: list[int] = []
        desk: Any = type("Desk", (), {"directory": type("Sources", (), {"table": SourceTable([SHOP])})(), "retry_line": b""})()
        nothing: Any = None
        self.app = App(PROTOCOLS, desk, nothing, (), nothing, self.telling, nothing)

    def errand(self, method: bytes, path: bytes) -> Errand:
        request = Request(method, path, {}, "", self._heard)
        found = RouteTable(PROTOCOLS, self.telling).find_for(request)
        assert found is not None
        errand = Errand(self.app, Submission(request, Limits(), lambda _key: SHOP, 0, ""), *found)
        errand.submission.source = SHOP
        errand.events, errand.answer = 2, Answer(200)
        return errand

    def _heard(self, request: Request, answer: Answer, extra: bytes = b"") -> None:
        self.answers.append(answer.status)

    @property
    def given_up(self) -> float:
        lines = generate_latest(self.metrics.registry).decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("ebbtide_collector_events_given_up_total{"))


@pytest.mark.parametrize(
    ("method", "path", "status", "lost"),
    [
        (b"POST", b"/v1/batch", 503, 0),
        (b"GET", b"/v1/pixel/track", 200, 2),
        (b"GET", b"/pixel/v1/page", 200, 2),
        (b"GET", b"/p.gif", 200, 2),
        (b"GET", b"/sa.gif", 200, 2),
        (b"POST", b"/sa", 503, 0),
        (b"GET", b"/v3/projects/1/collect", 200, 2),
    ],
)
def test_whoever_hears_success_is_counted_as_given_up(method: bytes, path: bytes, status: int, lost: int) -> None:
    async def fail() -> Told:
        told = Told()
        told.app.fail(told.errand(method, path), rejection.SPOOL_FULL)
        return told

    told = asyncio.run(fail())
    assert (told.answers, told.given_up) == ([status], lost)


def test_what_is_still_under_way_is_not_lost() -> None:
    async def late() -> Told:
        told = Told()
        told.errand(b"GET", b"/p.gif").give_up()
        return told

    told = asyncio.run(late())
    assert (told.answers, told.given_up) == ([200], 0)
