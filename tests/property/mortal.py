"""What an owner of a partition works with, and where it dies: before or after the effect of any call that it waits for."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from schemas.errors import Unavailable

Manner = Literal["killed", "cancelled", "stands still"]
"""It never goes on; it is told so where it waits; or it goes on later, as if nothing had happened."""

_SURE = ("log_state",)
"""What has no second try fails with the worker."""


@dataclass(frozen=True)
class Death:
    """At the ``at``-th place (from 1) that an owner comes through; who stands still goes on after ``rest_seconds``."""

    at: int
    manner: Manner = "killed"
    rest_seconds: float = 1.0


@dataclass
class Life:
    """One owner's. ``place``: where it died, as (call, "before" or "after" the effect). ``troubles``: one call in so many fails."""

    death: Death | None
    random: Random
    troubles: int = 0
    passed: int = 0
    place: tuple[str, str] | None = None
    died: asyncio.Event = field(default_factory=asyncio.Event)
    _again: asyncio.Event = field(default_factory=asyncio.Event)

    def go_on(self) -> None:
        """Whoever is held goes on, but for the killed."""
        if self.death is not None and self.death.manner != "killed":
            self._again.set()

    async def reach(self, name: str, when: str) -> None:
        """Come through a place, or die there; others have their turn meanwhile."""
        self.passed += 1
        if self.death is not None and self.passed == self.death.at:
            self.place = (name, when)
            self.died.set()
            if self.death.manner == "stands still":
                asyncio.get_running_loop().call_later(self.death.rest_seconds, self._again.set)
        if self.died.is_set():
            await self._again.wait()
        if self.troubles:
            for _ in range(self.random.randrange(3)):
                await asyncio.sleep(0)
            if name not in _SURE and not self.random.randrange(self.troubles):
                raise Unavailable("away")


class Mortal:
    """A collaborator in the hands of one owner: each call of ``real`` comes through two places."""

    def __init__(self, real: Any, life: Life, names: Callable[..., str] | None = None) -> None:
        self._real = real
        self._life = life
        self._names = names

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any) -> Any:
            named = self._names(name, *arguments) if self._names else name
            await self._life.reach(named, "before")
            result = await method(*arguments)
            await self._life.reach(named, "after")
            return result

        return call
