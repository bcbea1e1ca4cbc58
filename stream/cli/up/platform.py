"""The whole of Ebbtide on this machine: topics, then collector, worker and sender as children."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from stream.cli.up.child import Child, ChildSpec
from stream.kafka.admin import ensure_topics
from stream.runtime.settings import Settings

ORDER: Final = ("collector", "worker", "sender")
"""The way of an event; stopped in the same order, so that each drains into what still runs."""


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """``env``: what the children get. ``arguments``: more words for one of them, by name. ``logs``: the folder for what they say."""

    settings: Settings
    env: Mapping[str, str] = field(repr=False)
    logs: Path
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Platform:
    """The three processes; whoever starts it stops it, whatever happened in between."""

    def __init__(self, spec: PlatformSpec, say: Callable[[str], None]) -> None:
        self._spec = spec
        self._say = say
        self.children = {
            name: Child(ChildSpec(name, (name, *spec.arguments.get(name, ())), spec.env, spec.logs / f"{name}.log"), say) for name in ORDER
        }

    @property
    def places(self) -> dict[str, dict[str, Any]]:
        """What each process said about where it is."""
        return {name: child.places for name, child in self.children.items()}

    async def start(self) -> None:
        """Make the topics and start all; return when all are ready. Stop it whatever comes of this."""
        settings = self._spec.settings
        created = await ensure_topics(settings.kafka, settings.topics)
        if created:
            self._say(f"created {len(created)} topics")
        self._say("starting collector, worker and sender …")
        await asyncio.gather(*(child.start() for child in self.children.values()))

    async def stop(self) -> None:
        """Stop all, in order. May be called twice."""
        for name in ORDER:
            await self.children[name].stop()
