"""What `up` and `demo` stand on: a stack in a folder (or servers that are there already), and settings that point at it."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import click

from stream.cli.kit import quieten, settings_of
from stream.runtime.settings import Settings
from stream.stack import Stack


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for. ``kafka`` and ``redis``: addresses of servers that are there; None: start one."""

    folder: Path
    kafka: str | None = None
    redis: str | None = None
    kafka_port: int = 0
    redis_port: int = 0
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the servers are, as settings and as the environment of whoever is to find them."""

    settings: Settings
    env: Mapping[str, str] = field(repr=False)

    @property
    def exports(self) -> dict[str, str]:
        """The variables that lead other commands here."""
        return {"EBBTIDE_KAFKA": self.settings.kafka, "EBBTIDE_REDIS": self.settings.redis, "EBBTIDE_PREFIX": self.settings.prefix}

    def write_env(self, folder: Path) -> Path:
        """The same as a file for a shell to read: ``. FOLDER/env``."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "env"
        path.touch(mode=0o600)  # the url of a Redis may hold its password
        path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.exports.items()), encoding="utf-8")
        return path


@contextmanager
def machine(context: click.Context, wanted: Wanted, say: Callable[[str], None], more: Mapping[str, str] | None = None) -> Iterator[Machine]:
    """Start what is to be started, stop it on leaving. ``more``: variables over those of this process."""
    both = wanted.kafka is not None and wanted.redis is not None
    stack = (
        None
        if both
        else Stack(
            wanted.folder,
            kafka_port=None if wanted.kafka else wanted.kafka_port,
            redis_port=None if wanted.redis else wanted.redis_port,
            fresh=wanted.fresh,
            on_progress=say,
        )
    )
    with interrupted_by_sigterm(), stack or nullcontext():
        kafka = wanted.kafka if wanted.kafka or stack is None else stack.kafka
        redis = wanted.redis if wanted.redis or stack is None else stack.redis
        given = {**(more or {}), "EBBTIDE_KAFKA": str(kafka), "EBBTIDE_REDIS": str(redis), "EBBTIDE_DATA": str(wanted.folder)}
        quieten()
        yield Machine(settings_of(context, given), {**os.environ, **given})


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM (and a closed terminal) end this process as Ctrl-C does, through every ``finally``."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
