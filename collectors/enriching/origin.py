"""What led to a page: the campaign that its address names, and the site that its referrer is on."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

from collectors.enriching.referrers import known_site
from collectors.protocols.pages import CAMPAIGN

CLICK_IDS: Final = (
    *("gclid", "gbraid", "wbraid", "dclid", "msclkid", "fbclid", "ttclid", "twclid", "li_fat_id", "epik", "sccid", "yclid"),
    *("bd_vid", "qz_gdt", "gdt_vid", "clickid"),
)
_NAMES: Final = {**CAMPAIGN, "utm_id": "id", **{name: name for name in CLICK_IDS}}
_PARAMETER: Final = re.compile(rf"[?&;]({'|'.join(_NAMES)})=([^&;#]{{1,512}})")
_HOST: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:@]{1,253})")
_REMEMBERED: Final = 8_192

Found = dict[str, str]


class Origins:
    """Remembers what pairs of address and referrer say. What it gives is not to be changed."""

    def __init__(self) -> None:
        self.of = lru_cache(maxsize=_REMEMBERED)(origin_of)


def origin_of(url: str, referrer: str) -> tuple[Found | None, Found | None]:
    """The campaign, and the referrer; None where nothing is said."""
    return campaign_of(url), referrer_of(referrer, url)


def campaign_of(url: str) -> Found | None:
    """Of a repeated parameter the first counts; those behind the ``#`` of a page that routes by it count, too."""
    found: Found = {}
    for name, value in _PARAMETER.findall(url):
        found.setdefault(_NAMES[name], unquote_plus(value))
    return found or None


def referrer_of(referrer: str, url: str) -> Found | None:
    """``type`` (search, social, mail, assistant, internal, link), ``host``, and the ``name`` of a site that is known."""
    host = _host_of(referrer)
    if not host:
        return None
    own = _host_of(url)
    if own and (host == own or host.endswith(f".{own}") or own.endswith(f".{host}")):
        return {"type": "internal", "host": host}
    site = known_site(host)
    return {"type": "link", "host": host} if site is None else {"type": site[0], "name": site[1], "host": host}


def _host_of(url: str) -> str:
    found = _HOST.match(url)
    return found[1].lower().removeprefix("www.") if found else ""
