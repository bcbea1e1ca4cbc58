"""Whose clients wait after a 429: those that the page on limits names, and no others."""

from __future__ import annotations

from typing import Final

from collectors.http import Answer, Request
from collectors.protocols.registry import PROTOCOLS

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
