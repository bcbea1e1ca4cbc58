"""Reads how visitors of a source are known again by a cookie."""

from __future__ import annotations

import re
from typing import Final, cast

from schemas.definitions.language import FIRST_PARTY, HOST_PATTERN, SAME_SITE
from schemas.definitions.nodes import Listing
from schemas.definitions.source_model import FirstParty, SameSite
from schemas.definitions.values import read_variable
from schemas.definitions.view import View, fields

_HOST: Final = re.compile(HOST_PATTERN)


def read_first_party(view: View) -> FirstParty:
    """The cookie of a source."""
    found = fields(view, FIRST_PARTY)
    hosts = found.read("hosts", _hosts, ())
    domains = found.get("domains")
    return FirstParty(
        hosts,
        found.read("same_site", _same_site, "lax"),
        found.read("http_only", View.flag, True),
        () if domains is None else tuple(_domain(item, hosts) for item in domains.items("a list of domains")),
        found.read("cookieless", View.flag, False),
        found.read("secret_env", read_variable, ""),
    )


def is_below(host: str, domain: str) -> bool:
    """Whether a cookie of this domain reaches the host."""
    return host == domain or host.endswith(f".{domain}")


def _hosts(view: View) -> tuple[str, ...]:
    items = view.items("a list of hosts")
    if isinstance(view.node, Listing) and not items:
        view.fault("at least one host")
    return tuple(_host(item) for item in items)


def _host(view: View) -> str:
    text = view.text("a host such as c.shop.example")
    if text and not _HOST.fullmatch(text):
        view.fault("a host such as c.shop.example, in small letters, without a scheme or port")
    return text


def _domain(view: View, hosts: tuple[str, ...]) -> str:
    text = _host(view)
    if text and ("." not in text or not any(is_below(host, text) for host in hosts)):
        view.fault("a domain such as shop.example that one of the hosts is, or is below")
    return text


def _same_site(view: View) -> SameSite:
    return cast("SameSite", view.one_of(SAME_SITE))
