"""URLs without what is nobody's business: tokens, passwords, e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

REDACTED: Final = "redacted"
ALWAYS: Final = frozenset(
    [
        "token",
        "access_token",
        "accesstoken",
        "refresh_token",
        "id_token",
        "auth_token",
        "authtoken",
        "auth",
        "authorization",
        "bearer",
        "jwt",
        "api_key",
        "apikey",
        "secret",
        "client_secret",
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "session",
        "session_id",
        "sessionid",
        "sid",
        "phpsessid",
        "jsessionid",
        "csrf",
        "csrf_token",
        "xsrf_token",
        "reset_token",
        "reset_password_token",
        "confirmation_token",
        "invitation_token",
        "otp",
        "signature",
        "sig",
        "x-amz-signature",
        "x-amz-security-token",
        "saml_response",
        "samlresponse",
        "ticket",
        "email",
        "e-mail",
        "mail",
        "email_address",
        "emailaddress",
        "user_email",
        "useremail",
        "phone",
        "mobile",
        "tel",
    ]
)
_REMEMBERED: Final = 8_192
_STARTS: Final = ("http://", "https://", "/", "?", "#")
_OF_THE_MACHINE: Final = frozenset(
    {"library", "screen", "viewport", "os", "device", "network", "userAgentData", "userAgentParsed", "location"}
)
_FIRST: Final = frozenset(start[0] for start in _STARTS)
_PARAMETER: Final = re.compile(r"([?&;#])([^=&;#?]+)=([^&;#]+)")
_USER: Final = re.compile(r"^(https?://)[^/?#@]*@", re.IGNORECASE)
# Each begins where nothing of it can have stood before, and gives back nothing: no text makes them slow.
_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._+%-])(?:[A-Za-z0-9._+-]|%(?!40)[0-9A-Fa-f]{2})++(?:@|%40)[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)+", re.IGNORECASE
)
_JWT: Final = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]++\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]*+")


class Scrubber:
    """Scrubs the URLs of events: texts in ``properties`` and ``context`` that begin like one. ``names``: further parameters."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = ALWAYS.union(name.lower() for name in names)
        self.scrubbed = lru_cache(maxsize=_REMEMBERED)(self._scrubbed)

    def scrub(self, context: dict[str, Any], properties: dict[str, Any]) -> None:
        """Change what is below, wherever it stands; of the context not what is said of the machine."""
        below: list[Any] = [properties]
        for place, value in context.items():
            kind = type(value)
            if kind is str:
                if value[:1] in _FIRST:
                    context[place] = self.scrubbed(value)
            elif (kind is dict or kind is list) and place not in _OF_THE_MACHINE:
                below.append(value)
        scrubbed = self.scrubbed
        for tree in below:
            pairs: Iterable[tuple[Any, Any]] = tree.items() if type(tree) is dict else enumerate(tree)
            for place, value in pairs:
                kind = type(value)
                if kind is str:
                    # Nearly all texts end here, at their first character.
                    if value[:1] in _FIRST and ("=" in value or "@" in value or "%40" in value or "eyJ" in value):
                        tree[place] = scrubbed(value)
                elif kind is dict or kind is list:
                    below.append(value)

    def _scrubbed(self, url: str) -> str:
        if not url.startswith(_STARTS):
            return url
        url = _USER.sub(r"\1", url)
        url = _PARAMETER.sub(self._parameter, url)
        if "eyJ" in url:
            url = _JWT.sub(REDACTED, url)
        return _EMAIL.sub(REDACTED, url) if "@" in url or "%40" in url else url

    def _parameter(self, found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}={REDACTED}" if found[2].lower() in self._names else found[0]
