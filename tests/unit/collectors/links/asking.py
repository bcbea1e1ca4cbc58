"""Follows links and loads pixels without a server or a broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from collectors.body import Limits
from collectors.http import Answer, Request
from collectors.keyring import Keyring
from collectors.protocols.links import PROTOCOL
from collectors.protocols.port import Route, Submission
from collectors.sources import StaticSources, WriteKeys
from collectors.visitors import Visitors
from schemas import rejection
from schemas.definitions.model import Source
from schemas.errors import Rejected

NOW_MS: Final = 1_764_000_000_000
SECRET: Final = "a-secret-of-the-posters"
POSTERS: Final = Source(
    "posters", "links", link_secret_env="LINK_SECRET", targets=("https://shop.example", "https://*.shop.example", "http://a.test:8080")
)
SECRETS: Final = {"LINK_SECRET": SECRET}
LINK, GIF = PROTOCOL.routes


class DayAsSalt:
    def of(self, day: int) -> bytes:
        return b"%016d" % day


@dataclass
class Heard:
    answer: Answer
    events: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""

    @property
    def location(self) -> str:
        found = [line.partition(b": ")[2] for line in self.answer.head.split(b"\r\n") if line.startswith(b"location: ")]
        return found[0].decode() if found else ""


def get(path: str, *, method: bytes = b"GET", source: Source = POSTERS, secrets: Mapping[str, str] = SECRETS) -> Heard:
    """One request of a browser."""
    route, submission = _asked(path, method, source, secrets)
    try:
        parsed = route.parse(submission)
    except Rejected as refusal:
        return Heard(route.rejected(submission, refusal), reason=refusal.reason.code)
    return Heard(route.accepted(submission, parsed), [orjson.loads(value) for _, value in parsed.events])


def too_late(path: str) -> Heard:
    """One request of a browser that has waited too long for its turn: nobody has read it."""
    route, submission = _asked(path, b"GET", POSTERS, SECRETS)
    return Heard(route.rejected(submission, Rejected(rejection.OVERLOADED)), reason=rejection.OVERLOADED.code)


def _asked(path: str, method: bytes, source: Source, secrets: Mapping[str, str]) -> tuple[Route, Submission]:
    request = Request(method, path.encode(), {b"user-agent": b"Firefox"}, "203.0.113.9", _unheard)
    route = LINK if request.path.startswith(b"/l/") else GIF
    directory = StaticSources(source)
    keyring, visitors = Keyring(directory, secrets), Visitors(DayAsSalt())
    found = WriteKeys(directory).find
    return route, Submission(request, Limits(), found, NOW_MS, "203.0.113.9", visitors=visitors, keyring=keyring)


def _unheard(request: Request, answer: Answer, extra: bytes = b"") -> None:
    raise AssertionError("nobody answers by himself here")
