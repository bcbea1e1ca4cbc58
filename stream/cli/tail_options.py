"""Options of the commands that show a topic, and the way they run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stream.cli.kit import json_option, run

if TYPE_CHECKING:
    from stream.cli.tail import TopicRecord

F = TypeVar("F", bound=Callable[..., Any])


def tail_options(command: F) -> F:
    """--last, --all, --follow and --json."""
    last = click.option("--last", default=20, show_default=True, type=click.IntRange(0), help="How many records, the newest.")
    everything = click.option("--all", "everything", is_flag=True, help="From the start of the topic instead.")
    follow = click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
    return last(everything(follow(json_option(command))))


def show_records(records: Callable[[], AsyncIterator[TopicRecord]], show: Callable[[TopicRecord], None], *, follow: bool) -> None:
    """Show each record as it comes; Ctrl-C is how following ends."""

    async def work() -> None:
        async for record in records():
            show(record)

    try:
        run(work())
    except KeyboardInterrupt:
        if not follow:
            raise
