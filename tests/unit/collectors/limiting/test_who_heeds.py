"""Whose clients wait after a 429: those that the page on limits names, and no others."""

from __future__ import annotations

from typing import Final

import pytest

from collectors.body import Limits
from collectors.http import Answer, Request
from collectors.protocols.port import Route, Submission
from collectors.protocols.registry import PROTOCOLS
from schemas import rejection
from schemas.errors import Rejected

HEEDING: Final = {"segment", "rudderstack", "snowplow", "amplitude", "mixpanel", "cloudevents", "posthog", "wechat", "wecom"}
ASK_ONLY: Final = {"settings", "flags", "redirect", "hand-over"}


def made(method: bytes, *, browser: bool = False) -> Request:
    return Request(method, b"/", {b"origin": b"https://shop.example"} if browser else {}, "", _unheard)


def _unheard(request: Request, answer: Answer, extra: bytes = b"") -> None:
    raise AssertionError("nobody answers here")


def heeding(request: Request) -> set[str]:
    return {
        protocol.name
        for protocol in PROTOCOLS
        for route in protocol.routes
        if route.name not in ASK_ONLY and request.method in route.methods and route.heeds_limits(request)
    }


def test_servers_wait_where_their_library_does() -> None:
    assert heeding(made(b"POST")) == HEEDING


def test_a_browser_of_posthogs_would_throw_its_events_away() -> None:
    assert heeding(made(b"POST", browser=True)) == HEEDING - {"posthog"}


def test_an_image_is_not_asked_for_again() -> None:
    assert heeding(made(b"GET")) == {"wechat", "wecom"}


@pytest.mark.parametrize("route", [route for protocol in PROTOCOLS for route in protocol.routes], ids=lambda route: route.path.decode())
def test_who_heeds_a_limit_hears_of_it(route: Route) -> None:
    for method in route.methods:
        if route.heeds_limits(made(method)):
            submission = Submission(made(method), Limits(), lambda _key: None, 0, "")
            for reason in (rejection.RATE_LIMITED, rejection.QUOTA_SPENT):
                assert route.rejected(submission, Rejected(reason)).status == 429
