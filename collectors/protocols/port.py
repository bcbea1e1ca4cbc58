"""The seam for wire protocols: what a module in this folder is given, and what it hands back.

One module a protocol, each with a ``PROTOCOL``: its routes, each with a function that reads a submission into events.
The server does the rest the same way for all: bodies, keys, origins, partitions, acknowledgements, dead letters, counting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collectors.body import Limits, decompressed
from collectors.first_party.visit import Visit
from collectors.normalise import Arrival
from collectors.sources import SourceTable
from schemas import rejection
from schemas.errors import Rejected

if TYPE_CHECKING:
    from collectors.http import Answer, Request
    from collectors.keyring import Keyring
    from collectors.visitors import Visitors
    from schemas.definitions.model import Source
    from schemas.rejection import Reason

FindSource = Callable[[str], "Source | None"]
"""Write key in plain → its source, or None."""

_NO_SOURCES: Final = SourceTable()
READ: Final = (b"GET", b"HEAD")
WRITE: Final = (b"POST",)


class Submission:
    """One request on a protocol's route, with what a protocol needs to judge it.

    ``source`` and the ``key`` that named it are known once ``authenticate`` has found them; what is refused before leaves no dead letter.
    """

    __slots__ = (
        "_day_names",
        "_find",
        "_table",
        "client_ip",
        "key",
        "keyring",
        "limits",
        "received_ms",
        "request",
        "source",
        "strict",
        "visit",
        "visitors",
    )

    def __init__(
        self,
        request: Request,
        limits: Limits,
        find: FindSource,
        received_ms: int,
        client_ip: str,
        table: SourceTable = _NO_SOURCES,
        *,
        visitors: Visitors | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self.request = request
        self.limits = limits
        self.received_ms = received_ms
        self.client_ip = client_ip
        self.strict = request.headers.get(b"x-strict-mode") == b"1"
        self.source: Source | None = None
        self.key = ""
        self.visit: Visit | None = None
        self.visitors = visitors
        self.keyring = keyring
        self._day_names: set[str] = set()
        self._find = find
        self._table = table

    def body(self) -> bytes:
        """The body, decompressed if its first bytes say gzip; headers are not asked, too many clients mislabel.

        Raises ``Rejected``: bad-encoding, body-too-large.
        """
        return decompressed(self.request.body, self.limits)

    def arrival(
        self, source: Source, protocol: str, ip: str = "", user_agent: str = "", locale: str = "", *, hidden_ip: str = ""
    ) -> Arrival:
        """How this submission's events came in. ``hidden_ip``: the visitor's address where a protocol does not store it."""
        table = self._table
        enrich = table.enrichers.get(source.id)
        visit = self.visit or self.begin_visit(source)
        return Arrival(self.received_ms, source.id, protocol, ip, user_agent, locale, table.inspect, enrich, hidden_ip, visit)

    def begin_visit(self, source: Source) -> Visit | None:
        """Look who comes, if the source knows visitors again by a cookie."""
        rules = source.first_party
        if rules is not None:
            keys = () if self.keyring is None else self.keyring.hand_overs.of(rules.secret_env)
            self.visit = Visit(self.request, rules, keys, self.received_ms, self._day_names)
        return self.visit

    def name_of_the_day(self, source: Source, address: str, user_agent: str) -> str:
        """The anonymous id of somebody who brings none, until the day is over; a first-party id takes its place."""
        assert self.visitors is not None
        name = self.visitors.name_of(source.id, address, user_agent, self.received_ms)
        self._day_names.add(name)
        return name

    def find(self, key: str) -> Source | None:
        """The source of a write key, without taking it for this submission's."""
        return self._find(key)

    def authenticate(self, key: str | None) -> Source:
        """The source of a write key. Raises ``Rejected``: no-write-key, unknown-write-key."""
        if not key:
            raise Rejected(rejection.NO_WRITE_KEY)
        source = self._find(key)
        if source is None:
            raise Rejected(rejection.UNKNOWN_WRITE_KEY)
        self.source = source
        self.key = key
        return source


@dataclass(slots=True)
class Refused:
    """One event of a batch that cannot be accepted: its place, why, and its own bytes as they came."""

    index: int
    reason: Reason
    detail: str
    original: bytes


@dataclass(slots=True)
class Parsed:
    """What a submission holds: (routing id, event as JSON) for each event to accept, and what is refused."""

    events: list[tuple[str, bytes]]
    refused: list[Refused] = field(default_factory=list)


def _never(_request: Request) -> bool:
    return False


def always(_request: Request) -> bool:
    """All clients of a route heed limits."""
    return True


def posting(request: Request) -> bool:
    """Only those that POST heed limits: an image is asked for once."""
    return request.method == b"POST"


@dataclass(frozen=True, slots=True)
class Route:
    """One path of a protocol.

    ``parse`` raises ``Rejected`` to refuse the request as a whole; then ``original`` gives the bytes for the dead letter.
    ``accepted`` and ``rejected`` make the answers; a rejection's own status need not be what the client hears.
    ``speaks``: on a path that two protocols use, whether a request is this one's; without it the route takes what the others leave.
    ``answer_within_seconds``: of a client that does not wait as long as the collector would; it then hears what it hears of a broker
    that is away, and what is stored after all carries the id of what it sends again.
    ``retries``: whether the clients send again after 503 with Retry-After. Where they do not, a 503 only makes them show or log an error:
    events that can be stored nowhere are then answered as ``accepted`` would, and counted as given up.
    ``heeds_limits``: whether this client waits after a 429 and sends again. Others lose the events of a 429, or stumble over it, so that
    what is over a limit is answered as ``accepted`` would there, too.
    """

    name: str
    path: bytes
    methods: tuple[bytes, ...]
    parse: Callable[[Submission], Parsed]
    accepted: Callable[[Submission, Parsed], Answer]
    rejected: Callable[[Submission, Rejected], Answer]
    original: Callable[[Request], bytes]
    speaks: Callable[[Request], bool] | None = None
    answer_within_seconds: float | None = None
    retries: bool = True
    heeds_limits: Callable[[Request], bool] = _never


@dataclass(frozen=True, slots=True)
class WireProtocol:
    """A named set of routes."""

    name: str
    routes: tuple[Route, ...]
