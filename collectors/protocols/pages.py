"""A page and the campaign that led to it, told alike by every protocol: ``context.page`` and ``context.campaign``."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

CAMPAIGN: Final = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_term": "term",
    "utm_content": "content",
}
_NOWHERE: Final = SplitResult("", "", "", "", "")


def page_of(url: str, title: object = None, referrer: object = None) -> dict[str, str]:
    """``url``, ``path``, ``title``, ``referrer``, as far as they are said."""
    found = {"url": url, "path": _split(url).path, "title": title, "referrer": referrer}
    return {field: value for field, value in found.items() if type(value) is str and value}


def campaign_of(url: str) -> dict[str, str]:
    """What the address's ``utm_`` fields say; of a repeated one the first."""
    found: dict[str, str] = {}
    for key, value in parse_qsl(_split(url).query):
        if key in CAMPAIGN:
            found.setdefault(CAMPAIGN[key], value)
    return found


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return _NOWHERE
