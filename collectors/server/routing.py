"""Which route answers on a path: most paths are known as they are, a few have a part that the client fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from collectors.http import Answer
from schemas import rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collectors.http import Request
    from collectors.protocols.port import Route, WireProtocol
    from collectors.server.telling import RouteMetrics, Telling

Found = tuple["Route", "RouteMetrics"]
ANY: Final = b"*"
"""Stands in a route's path for one part that the client chooses; no route's path begins with it."""


class RouteTable:
    """All routes of some protocols, with the metrics of each."""

    def __init__(self, protocols: Iterable[WireProtocol], telling: Telling) -> None:
        routes = [(route, telling.route(route.name, protocol.name)) for protocol in protocols for route in protocol.routes]
        self._exact: Mapping[bytes, Found] = {found[0].path: found for found in routes if ANY not in found[0].path and not found[0].speaks}
        self._picky: Mapping[bytes, Found] = {found[0].path: found for found in routes if found[0].speaks}
        self._open = [(found[0].path.split(b"/"), found) for found in routes if ANY in found[0].path]
        self.not_found = _not_found(route for route, _ in routes)

    def find_for(self, request: Request) -> Found | None:
        """The route that takes this request and its metrics, or None; whether it takes the method is for the caller to see."""
        picky = self._picky.get(request.path)
        if picky is not None and picky[0].speaks is not None and picky[0].speaks(request):
            return picky
        return self.find(request.path)

    def find(self, path: bytes) -> Found | None:
        """The route of this path and its metrics, or None."""
        found = self._exact.get(path)
        return found if found is not None or not self._open else self._find_open(path)

    def _find_open(self, path: bytes) -> Found | None:
        parts = path.split(b"/")
        return next((found for pattern, found in self._open if _fits(parts, pattern)), None)


def _fits(parts: list[bytes], pattern: list[bytes]) -> bool:
    if len(parts) != len(pattern):
        return False
    return all(part == wanted or (wanted == ANY and part) for part, wanted in zip(parts, pattern, strict=True))


def _not_found(routes: Iterable[Route]) -> Answer:
    paths = sorted(f"{b'|'.join(route.methods).decode()} {route.path.decode()}" for route in routes)
    error = {"reason": rejection.NOT_FOUND.code, "detail": rejection.NOT_FOUND.help}
    return Answer(404, orjson.dumps({"error": error, "paths": paths}))
