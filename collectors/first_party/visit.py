"""What one request tells of its visitor, and how the events of it come to know.

**What the client says stands.** The cookie holds the client's own anonymous id from the first time on. So as long as the client knows its
visitor, nothing is added; when it has forgotten (browsers delete what scripts stored) and made up another id, the cookie's comes beside the
new one as a further ``anon`` id, which joins by the rules of that namespace: it belongs to its first login, and two logins are never
joined by it. An id that was made here goes on events only once the browser has sent it back: one that keeps no cookies would leave an id
a request.
"""

from __future__ import annotations

import os
import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from collectors.first_party.cookie import as_visitor, cookie_line, cookie_of, host_of, is_of_a_browser, wants_no_cookie
from collectors.first_party.hand_over import ANY_AGENT, PARAMETER, Outcome, hand_over_text, read_hand_over

if TYPE_CHECKING:
    from collectors.http import Request
    from schemas.definitions.source_model import FirstParty

_OWN_ID_BYTES: Final = 16
_FIELDS_MAX: Final = 200
_IN_ADDRESS: Final = re.compile(rf"(?<=[?&#]){PARAMETER}=([^&#]*)&?")
_LEFT_OVER: Final = re.compile(r"[?&](?=#|$)|#$")
_ADDRESSES: Final = frozenset({"url", "search"})


class Visit:
    """One request of a visitor to a source with a first-party id.

    ``keys`` sign who is handed over; ``outcomes``: what became of those. ``nameless``: ids that stand for whoever brings none.
    """

    def __init__(
        self, request: Request, rules: FirstParty, keys: tuple[bytes, ...], now_ms: int, nameless: AbstractSet[str] = frozenset()
    ) -> None:
        self._rules = rules
        self._nameless = nameless
        self._keys = keys
        self._now_ms = now_ms
        self._host = host_of(request)
        self._agent = request.headers.get(b"user-agent", b"").decode("latin-1")
        self._read: dict[str, str] = {}
        self.outcomes: list[Outcome] = []
        self._asked_not_to = rules.cookieless or wants_no_cookie(request)
        self._keeps = not self._asked_not_to and self._host in rules.hosts and is_of_a_browser(request)
        self._known = cookie_of(request) if self._keeps else ""
        self._given = "" if self._asked_not_to else self._handed_in(_parameter(request))
        self._visitor = ""
        self._is_told = False

    def named(self, call: dict[str, Any]) -> dict[str, Any]:
        """The call with the ids that are known here besides its own; itself, if there are none.

        The parameter goes out of all texts of its page and properties: it tells an id, and is no part of the page.
        """
        parameter = _taken_out(call)
        if self._asked_not_to:
            return call
        self._is_told = True
        self._given = self._handed_in(parameter) or self._given
        own = call.get("anonymousId")
        if type(own) is str and own in self._nameless:
            own = None
        self._visitor = self._visitor or self._known or self._given or as_visitor(own if type(own) is str else "")
        others = [each for each in dict.fromkeys((self._given, self._known)) if each and each != own]
        if others and not own:
            call = {**call, "anonymousId": others.pop()}
        ids = call.get("ids")
        if others and (ids is None or (type(ids) is dict and "anon" not in ids)):
            call = {**call, "ids": {**(ids or {}), "anon": others[0]}}
        return call

    @property
    def hands_over(self) -> bool:
        """Whether there is a key to do it with."""
        return bool(self._keys)

    def line(self) -> bytes:
        """The header line that sets the visitor's cookie or makes it young again; empty where none is kept, or nobody was told."""
        if not (self._keeps and self._is_told):
            return b""
        return cookie_line(self.visitor(), self._rules, self._host)

    def visitor(self) -> str:
        """Who it is; if nobody knows yet, somebody new."""
        if not self._visitor:
            self._visitor = self._known or self._given or os.urandom(_OWN_ID_BYTES).hex()
        return self._visitor

    def handed_on(self, client_says: str) -> str:
        """The parameter for the next host; empty if nobody is to be known again. Without a cookie it is whom the client names."""
        if self._asked_not_to:
            return ""
        self._visitor = self._visitor or self._known or as_visitor(client_says)
        if not self._visitor and not self._keeps:
            return ""
        self._is_told = True
        self.outcomes.append("issued")
        return hand_over_text(self.visitor(), self._agent if self._keeps else ANY_AGENT, self._now_ms, self._keys[0])

    def _handed_in(self, text: str) -> str:
        if not text or not self._keys:
            return ""
        if text not in self._read:
            self._read[text], outcome = read_hand_over(text, self._agent, self._now_ms, self._keys)
            self.outcomes.append(outcome)
        return self._read[text]


def _parameter(request: Request) -> str:
    """What stands in the request's own query, as a pixel's does."""
    if PARAMETER.encode() not in request.query:
        return ""
    try:
        return parse_qs(request.query.decode("latin-1"), max_num_fields=_FIELDS_MAX).get(PARAMETER, [""])[0]
    except ValueError:
        return ""


def _taken_out(call: dict[str, Any]) -> str:
    """What stood in the address of the event's page."""
    context = call.get("context")
    page = context.get("page") if type(context) is dict else None
    given = ""
    for place in [each for each in (page, call.get("properties")) if type(each) is dict]:
        for field, text in [*place.items()]:
            if type(text) is str and PARAMETER in text and (found := _IN_ADDRESS.search(text)):
                place[field] = _LEFT_OVER.sub("", _IN_ADDRESS.sub("", text))
                given = given or (unquote(found[1]) if field in _ADDRESSES else "")
    return given
