"""The routes, the catalogue and the table of rejections belong together."""

from __future__ import annotations

import pytest

from collectors.http import Answer, Request, error_answer
from collectors.protocols.registry import PROTOCOLS
from collectors.server.proxies import TrustedProxies
from schemas.rejection import REASONS
from stream.runtime.catalogue.collector import PROTOCOLS as PROTOCOL_LABELS
from stream.runtime.catalogue.collector import ROUTES
from stream.runtime.settings_collector import CollectorSettings


def test_every_route_and_protocol_has_its_label() -> None:
    assert {route.name for protocol in PROTOCOLS for route in protocol.routes} <= set(ROUTES)
    assert {protocol.name for protocol in PROTOCOLS} == set(PROTOCOL_LABELS)


def test_no_two_protocols_claim_one_path() -> None:
    paths = [(route.path, route.speaks is None) for protocol in PROTOCOLS for route in protocol.routes]
    assert len(paths) == len(set(paths))
    # What a route on a shared path leaves, another one takes.
    assert {path for path, takes_all in paths if not takes_all} <= {path for path, takes_all in paths if takes_all}


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason.stage == "collector"], ids=lambda reason: reason.code)
def test_every_reason_has_an_answer_with_a_known_status(reason: object) -> None:
    answer = error_answer(reason, "\ud800 odd")  # type: ignore[arg-type]
    assert not answer.head.startswith(b"HTTP/1.1 %d \r\n" % answer.status)


def test_an_answer_without_content_says_nothing_about_content() -> None:
    assert Answer(204).head == b"HTTP/1.1 204 No Content\r\n"


def request_from(peer: str, forwarded: bytes) -> Request:
    return Request(b"POST", b"/v1/t", {b"x-forwarded-for": forwarded}, peer, lambda request, answer, extra=b"": None)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", b"203.0.113.1", "198.51.100.7"),
        ("10.0.0.1", b"203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", b"1.1.1.1, 203.0.113.1, 10.2.0.1", "203.0.113.1"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("10.0.0.1", b"nonsense", "10.0.0.1"),
        ("10.0.0.1", b"10.0.0.2", "10.0.0.2"),
    ],
)
def test_only_a_trusted_proxy_may_say_who_the_client_is(peer: str, forwarded: bytes, client: str) -> None:
    assert TrustedProxies(("10.0.0.0/8",)).client_of(request_from(peer, forwarded)) == client


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError):
        CollectorSettings(trusted_proxies=("everywhere",))
