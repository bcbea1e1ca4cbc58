"""Ids for what comes without one: known again when it is sent again, and still told apart when a client means the same twice."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

_DIGITS: Final = 32


class Repeats:
    """Names the events of one request by their content. Of equal ones each has a name of its own, by the how-manieth it is: a request
    that comes again has them all again, in the same order.
    """

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def name_of(self, content: Any) -> str:
        """32 hexadecimal digits for content that is JSON."""
        name = digest(content)
        times = self._seen[name] = self._seen.get(name, 0) + 1
        return name if times == 1 else digest([name, times])


def digest(content: Any) -> str:
    """32 hexadecimal digits, the same for the same content whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGITS]
