"""`ebbtide plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, plain, print_json, table

if TYPE_CHECKING:
    from schemas.definitions.difference import Change
    from stream.explain.dry_run import DryRun
    from stream.runtime.settings import Settings


@click.command("plan")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
@click.pass_context
def command(context: click.Context, folder: Path, *, as_json: bool) -> None:
    """Say what a folder of definitions would change, and who would enter and leave.

    Checks all of it, compares it with the newest version, and evaluates every person there is under the new definitions, in memory.
    Nothing is written anywhere.
    """
    version, changes, outlook = run(_plan(command_settings(context), folder, as_json=as_json))
    if as_json:
        print_json({"version": version, "changes": [_change(change) for change in changes], **_outlook(outlook)})
    elif outlook is None:
        click.echo(f"Nothing differs from version {version}.")
    else:
        _show(version, changes, outlook)


async def _plan(settings: Settings, folder: Path, *, as_json: bool) -> tuple[int, tuple[Change, ...], DryRun | None]:
    from schemas.definitions.bundle import next_bundle  # noqa: PLC0415 - Kafka's client takes its time to load
    from schemas.definitions.difference import difference  # noqa: PLC0415 - likewise
    from schemas.identities import IdentityPolicy  # noqa: PLC0415 - likewise
    from stream.cli.deployment import opened  # noqa: PLC0415 - likewise
    from stream.explain.dry_run import dry_run  # noqa: PLC0415 - likewise
    from stream.runtime.clock import SystemClock  # noqa: PLC0415 - likewise
    from stream.runtime.definition_files import load_folder  # noqa: PLC0415 - likewise

    definitions = load_folder(folder)
    IdentityPolicy(definitions.identity, settings.identity_key)  # refuses what apply would
    async with opened(settings) as deployment:
        newest = deployment.newest
        changes = difference(newest, definitions)
        if not changes:
            return newest.version, (), None
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - only for people

        people = sum(header.people for header in (await deployment.headers()).values() if header is not None)
        columns = (TextColumn("people"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console(error=True), disable=as_json, transient=True) as bar:
            task = bar.add_task("", total=people)
            outlook = await dry_run(
                deployment.people,
                settings.partitions,
                newest,
                next_bundle(newest, definitions),
                SystemClock().now_ms(),
                lambda seen: bar.update(task, completed=seen),
            )
        return newest.version, changes, outlook


def _change(change: Change) -> dict[str, Any]:
    fields = [{"field": field.field, "old": field.old, "new": field.new} for field in change.fields]
    return {"kind": change.kind, "id": change.id, "how": change.how, "fields": fields}


def _outlook(outlook: DryRun | None) -> dict[str, Any]:
    if outlook is None:
        return {"people": None, "segments": []}
    segments = [
        {
            "segment": each.segment,
            "before": each.before,
            "after": each.after,
            "enters": each.enters,
            "leaves": each.leaves,
            "gaps": list(each.gaps),
            "examples": [
                {"person": example.person, "enters": example.enters, "reasons": list(example.reasons)} for example in each.examples
            ],
        }
        for each in outlook.segments
    ]
    return {"people": outlook.people, "segments": segments}


def _show(version: int, changes: tuple[Change, ...], outlook: DryRun) -> None:
    out = console()
    out.print(f"Against version {version}:")
    for change in changes:
        out.print("\n".join(map(plain, str(change).split("\n"))))
    shown = table("segment", "in it now", "after", "enter", "leave", right=("in it now", "after", "enter", "leave"))
    for each in outlook.segments:
        shown.add_row(each.segment, *map(number, (each.before, each.after, each.enters, each.leaves)))
    out.print()
    out.print(shown)
    out.print(f"{number(outlook.people)} people looked at; nothing was written.")
    for each in outlook.segments:
        for gap in each.gaps:
            out.print(f"{each.segment} {plain(gap)} (these numbers do not know of it yet)")
    for each in outlook.segments:
        for example in each.examples:
            out.print(
                f"{each.segment}: {plain(example.person)} {'enters' if example.enters else 'leaves'}: {plain('; '.join(example.reasons))}"
            )
