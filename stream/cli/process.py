"""What the commands that run one process share: ports, the ready line, logs, and dying with the parent."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from schemas.errors import Unavailable
from stream.cli.kit import json_option, run, settings_of
from stream.cli.output import pairs, print_json

if TYPE_CHECKING:
    from stream.runtime.settings import Settings

_PR_SET_PDEATHSIG: Final = 1
F = TypeVar("F", bound=Callable[..., Any])


def port_option(name: str, what: str) -> Callable[[F], F]:
    """A port, 0 for any free one."""
    return click.option(
        name, type=click.IntRange(0, 65_535), metavar="PORT", help=f"{what}; 0 takes any free one. Default: from the settings."
    )


def process_options(command: F) -> F:
    """--metrics-port, --json, and the hidden --parent by which `up` names itself."""
    parent = click.option("--parent", type=int, hidden=True, help="End when this process does.")
    return port_option("--metrics-port", "Port of metrics and health")(parent(json_option(command)))


@contextmanager
def serve(
    context: click.Context, group: str, parent: int | None, ports: Mapping[str, int | None]
) -> Iterator[tuple[Settings, Callable[[Coroutine[Any, Any, None]], None]]]:
    """Settings with the ports of the command line, logs switched on; and what to run the process with."""
    if parent is not None:
        _die_with(parent)
    from stream.runtime.logs import configure_logs  # noqa: PLC0415 - a third of a second that --help need not wait for

    given = {f"EBBTIDE_{group}_{name}".upper(): str(port) for name, port in ports.items() if port is not None}
    settings = settings_of(context, given)
    configure_logs(settings.log_level, settings.log_json)
    yield settings, run


def announce(name: str, places: Mapping[str, Any], *, as_json: bool) -> None:
    """The ready line."""
    if as_json:
        print_json({"process": name, **places})
    else:
        click.echo(f"{name} is ready: {pairs({key.replace('_', ' '): value for key, value in places.items()})}")


def _die_with(parent: int) -> None:
    """Ask the kernel for the end of this process when the one that started it is gone, kill -9 included.

    The child asks by itself: code between fork and exec can hang in a process with threads. What happened before it could ask
    is seen by who its parent is now.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise Unavailable("the process that started this one is gone")
