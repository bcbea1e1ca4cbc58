"""`ebbtide members`."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import number, plain, print_json

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


@click.command("members")
@click.argument("segment")
@click.option("--count", is_flag=True, help="Only how many.")
@click.option("--export", "export", type=click.Path(dir_okay=False, path_type=Path), help="Write them to a file: .csv, or .jsonl.")
@json_option
@click.pass_context
def command(context: click.Context, segment: str, export: Path | None, *, count: bool, as_json: bool) -> None:
    """List, count or export who is in a segment.

    Those for whom its condition holds, whether at_most or a pause held their entry back or not.
    As of the last commit of each lane; a lane that is behind is so by what `ebbtide doctor` calls its lag.
    """
    if export is not None and export.suffix not in {".csv", ".jsonl"}:
        raise click.UsageError("--export takes a file that ends in .csv or .jsonl")
    settings = command_settings(context)
    if count:
        found = run(_count(settings, segment))
    else:
        with ExitStack() as stack:
            found = run(_each(settings, segment, _writer(stack, export, as_json=as_json)))
    if export is not None:
        click.echo(f"{number(found)} people written to {export}", err=True)
    elif count:
        print_json({"segment": segment, "members": found}) if as_json else click.echo(found)


async def _count(settings: Settings, segment: str) -> int:
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.segment_name import segment_of  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        wanted = segment_of(deployment.newest, segment)
        return sum([await deployment.store.member_count(partition, wanted) for partition in range(settings.partitions)])


async def _each(settings: Settings, segment: str, write: Callable[[str], None]) -> int:
    from stream.cli.deployment import opened  # noqa: PLC0415 - as above
    from stream.cli.segment_name import segment_of  # noqa: PLC0415 - as above

    found = 0
    async with opened(settings) as deployment:
        wanted = segment_of(deployment.newest, segment)
        for partition in range(settings.partitions):
            async for person in deployment.people.members(partition, wanted):
                write(person)
                found += 1
    return found


def _writer(stack: ExitStack, export: Path | None, *, as_json: bool) -> Callable[[str], None]:
    if export is None:
        return (lambda person: print_json({"person": person})) if as_json else lambda person: click.echo(plain(person))
    if export.suffix == ".csv":
        rows = csv.writer(stack.enter_context(export.open("w", encoding="utf-8", newline="")))
        rows.writerow(["person"])
        return lambda person: rows.writerow([person])
    from schemas.json_text import to_json  # noqa: PLC0415 - only here

    lines = stack.enter_context(export.open("wb"))

    def write(person: str) -> None:
        lines.write(to_json({"person": person}) + b"\n")

    return write
