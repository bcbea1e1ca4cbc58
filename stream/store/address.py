"""Where Redis is. redis-py could read its URLs too, but importing it costs every start of a worker a tenth of a second."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from schemas.errors import Misconfigured

_EXPECTED = "redis://[user:password@]host[:port][/database], rediss://… or unix://[user:password@]/path[?db=n]"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """One Redis. ``path``: of its socket, instead of host and port. Its text never holds the password."""

    host: str
    port: int
    database: int
    tls: bool
    path: str | None
    username: str | None
    password: str | None

    def __str__(self) -> str:
        place = self.path if self.path is not None else f"{self.host}:{self.port}"
        return f"{place}, database {self.database}"


def parse_address(url: str) -> RedisAddress:
    """Read a URL.

    Raises:
        Misconfigured: it is none that names a Redis.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise Misconfigured(f"EBBTIDE_REDIS is {parts.scheme or 'no URL'}…, expected {_EXPECTED}")
    try:
        port, database = parts.port or 6379, _database(parts)
    except ValueError:
        raise Misconfigured(f"EBBTIDE_REDIS has a port or a database that is no number, expected {_EXPECTED}") from None
    return RedisAddress(
        host=parts.hostname or "127.0.0.1",
        port=port,
        database=database,
        tls=parts.scheme == "rediss",
        path=unquote(parts.path) if parts.scheme == "unix" else None,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _database(parts: SplitResult) -> int:
    asked = parse_qs(parts.query).get("db")
    if asked:
        return int(asked[0])
    named = parts.path.strip("/") if parts.scheme != "unix" else ""
    return int(named) if named else 0
