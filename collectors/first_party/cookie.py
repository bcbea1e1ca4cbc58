"""The cookie that knows a visitor again: set by the server, since browsers keep those of scripts for a few days only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from schemas.definitions.first_party import is_below

if TYPE_CHECKING:
    from collectors.http import Request
    from schemas.definitions.source_model import FirstParty

NAME: Final = "ebbtide_id"
MAX_AGE_SECONDS: Final = 400 * 86_400  # as long as browsers keep one
ID_BYTES_MAX: Final = 256
_COOKIE: Final = re.compile(rb"(?:^|;)\s*ebbtide_id=([!-+\--:<-~]{1,768})(?=\s*(?:;|$))")
_SAME_SITE: Final = {"lax": "Lax", "strict": "Strict", "none": "None"}
_OWN_ID: Final = re.compile(r"(?=.*[1-9]).{8,}")


def cookie_of(request: Request) -> str:
    """The visitor's id that a request's cookie holds, or an empty text; of several the first, which is the nearest."""
    found = _COOKIE.search(request.headers.get(b"cookie", b""))
    return "" if found is None else as_visitor(unquote(found[1].decode("ascii"), errors="replace"))


def as_visitor(text: str) -> str:
    """The text if a cookie may hold it as somebody's id, else an empty one. What wiped-out ids look like (``undefined``, zeros) is none."""
    fits = text.isprintable() and text == text.strip() and len(text) <= ID_BYTES_MAX and "\ufffd" not in text
    return text if fits and _OWN_ID.fullmatch(text) and len(text.encode()) <= ID_BYTES_MAX else ""


def cookie_line(visitor: str, rules: FirstParty, host: str) -> bytes:
    """The header line that sets the cookie, or makes it young again."""
    parts = [
        f"{NAME}={quote(visitor, safe='')}",
        "Path=/",
        f"Max-Age={MAX_AGE_SECONDS}",
        f"SameSite={_SAME_SITE[rules.same_site]}",
        "Secure",
    ]
    if domain := next((each for each in rules.domains if is_below(host, each)), ""):
        parts.append(f"Domain={domain}")
    if rules.http_only:
        parts.append("HttpOnly")
    return b"set-cookie: " + "; ".join(parts).encode("ascii") + b"\r\n"


def host_of(request: Request) -> str:
    """The host that a request was sent to, without its port."""
    host = request.headers.get(b"host", b"").decode("latin-1").lower()
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host


def is_of_a_browser(request: Request) -> bool:
    """Whether a browser sent it. A server that sends for many people, and keeps cookies, would make one visitor of them all."""
    headers = request.headers
    return b"sec-fetch-site" in headers or b"origin" in headers or b"referer" in headers


def wants_no_cookie(request: Request) -> bool:
    """Whether nobody is to be known again: so say Global Privacy Control, Snowplow's header, or our own field."""
    headers = request.headers
    return headers.get(b"sec-gpc") == b"1" or b"sp-anonymous" in headers or b"cookieless=1" in request.query.split(b"&")
