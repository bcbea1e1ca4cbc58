"""What all commands share: settings, options, running something asynchronous."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from stream.runtime.settings import Settings

T = TypeVar("T")
_FILE: Final = Path("ebbtide.toml")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of text for people.")


def settings_of(context: click.Context, env: dict[str, str] | None = None) -> Settings:
    """The settings of the environment (with ``env`` over it) over the file of ``--config``, or ebbtide.toml if it is there.

    Raises Misconfigured with every fault.
    """
    from stream.runtime.settings import load_settings  # noqa: PLC0415 - pydantic takes a third of a second

    given = context.find_root().params.get("config")
    path = Path(given) if given is not None else _FILE if _FILE.is_file() else None
    return load_settings({**os.environ, **(env or {})}, path)


def command_settings(context: click.Context) -> Settings:
    """The settings of a command that only looks or asks: its own logs are quiet unless something is wrong."""
    from stream.runtime.logs import configure_logs  # noqa: PLC0415 - as above

    settings = settings_of(context)
    configure_logs("debug" if settings.log_level == "debug" else "error", settings.log_json)
    if settings.log_level != "debug":
        quieten()
    return settings


def quieten() -> None:
    """Let Kafka's client be silent: what it cannot do reaches us as an error, and people hear of it in our words."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in an event loop of uvloop."""
    import uvloop  # noqa: PLC0415 - only what runs something needs it

    from stream.kafka.closed_writes import hear_of_closed_connections  # noqa: PLC0415 - likewise

    hear_of_closed_connections()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def asynchronous(command: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
    """Make a plain function, as click calls it, of a coroutine function."""

    def call(*arguments: Any, **options: Any) -> T:
        return run(command(*arguments, **options))

    return update_wrapper(call, command)
