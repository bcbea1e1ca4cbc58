"""`ebbtide plan`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, plain, print_json, table

if TYPE_CHECKING:
    from schemas.definitions.difference import Change
    from schemas.definitions.model import Bundle
    from stream.cli.deployment import Deployment
    from stream.cli.lookback import Lookback
    from stream.explain.dry_run import DryRun, SegmentOutlook
    from stream.explain.dry_run import Progress as Seen
    from stream.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class _Planned:
    """``version``: the one compared with; ``behind``: the lanes in which it does not hold yet, and the records they have not applied."""

    version: int
    changes: tuple[Change, ...]
    lookback: Lookback
    outlook: DryRun
    behind: list[int]
    unapplied: int


@click.command("plan")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
@click.pass_context
def command(context: click.Context, folder: Path, *, as_json: bool) -> None:
    """Say what a folder of definitions would change, and who would enter and leave.

    Checks all of it, compares it with the newest version, says what it needs from the past and what of that the log has lost, reads
    the log as the workers would, and evaluates every person there is under the new definitions, in memory. Nothing is written anywhere.
    """
    version, planned = run(_plan(command_settings(context), folder, as_json=as_json))
    if as_json:
        print_json({"version": version, **_view(planned)})
    elif planned is None:
        click.echo(f"Nothing differs from version {version}.")
    else:
        _show(planned)


async def _plan(settings: Settings, folder: Path, *, as_json: bool) -> tuple[int, _Planned | None]:
    from schemas.definitions.bundle import next_bundle  # noqa: PLC0415 - Kafka's client takes its time to load
    from schemas.definitions.difference import difference  # noqa: PLC0415 - likewise
    from schemas.identities import IdentityPolicy  # noqa: PLC0415 - likewise
    from stream.cli.applying import behind  # noqa: PLC0415 - likewise
    from stream.cli.deployment import log_ends, opened  # noqa: PLC0415 - likewise
    from stream.cli.lookback import look_back  # noqa: PLC0415 - likewise
    from stream.runtime.clock import SystemClock  # noqa: PLC0415 - likewise
    from stream.runtime.definition_files import load_folder  # noqa: PLC0415 - likewise

    definitions = load_folder(folder)
    IdentityPolicy(definitions.identity, settings.identity_key)  # refuses what apply would
    async with opened(settings) as deployment:
        newest = deployment.newest
        changes = difference(newest, definitions)
        if not changes:
            return newest.version, None
        new, now_ms = next_bundle(newest, definitions), SystemClock().now_ms()
        lookback = await look_back(deployment, new, now_ms)
        outlook = await _rehearse(deployment, new, now_ms, as_json=as_json)
        ends = (await log_ends(settings, settings.topics.events, settings.partitions)).ends
        headers = await deployment.headers()
        unapplied = sum(max(0, end - (0 if (header := headers[each]) is None else header.cursor)) for each, end in ends.items())
        waiting = await behind(deployment, newest.version) if newest.version else []
        return newest.version, _Planned(newest.version, changes, lookback, outlook, waiting, unapplied)


async def _rehearse(deployment: Deployment, new: Bundle, now_ms: int, *, as_json: bool) -> DryRun:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - only for people

    from stream.explain.dry_run import Rehearsal  # noqa: PLC0415 - as above

    people = sum(header.people for header in (await deployment.headers()).values() if header is not None)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(error=True), disable=as_json, transient=True) as bar:
        past, walk = bar.add_task("records of the past read", total=0, visible=False), bar.add_task("people", total=people)

        def tell(found: Seen) -> None:
            bar.update(past, completed=found.read, total=found.of, visible=found.of > 0)
            bar.update(walk, completed=found.people)

        rehearsal = Rehearsal(deployment.people, deployment.bundles, deployment.past, deployment.settings.partitions, tell)
        return await rehearsal.run(deployment.newest, new, now_ms)


def _view(planned: _Planned | None) -> dict[str, Any]:
    if planned is None:
        return {"changes": [], "past": None, "people": None, "segments": []}
    from stream.cli.lookback import lookback_view  # noqa: PLC0415 - only here

    outlook = planned.outlook
    return {
        "changes": [_change(change) for change in planned.changes],
        "past": {**lookback_view(planned.lookback), "recordsRead": outlook.records},
        "people": outlook.people,
        "behind": planned.behind,
        "unapplied": planned.unapplied,
        "segments": [_segment(each) for each in outlook.segments],
    }


def _change(change: Change) -> dict[str, Any]:
    fields = [{"field": field.field, "old": field.old, "new": field.new} for field in change.fields]
    return {"kind": change.kind, "id": change.id, "how": change.how, "fields": fields}


def _segment(each: SegmentOutlook) -> dict[str, Any]:
    examples = [
        {"person": example.person, "enters": example.enters, "published": example.published, "reasons": list(example.reasons)}
        for example in each.examples
    ]
    counts = {"before": each.before, "after": each.after, "enters": each.enters, "leaves": each.leaves}
    return {"segment": each.segment, **counts, "published": {"entered": each.entered, "left": each.left}, "examples": examples}


def _show(planned: _Planned) -> None:
    from stream.cli.lookback import lookback_lines  # noqa: PLC0415 - only here

    out, outlook = console(), planned.outlook
    out.print(f"Against version {planned.version}:")
    for change in planned.changes:
        out.print("\n".join(map(plain, str(change).split("\n"))))
    for line in lookback_lines(planned.lookback):
        out.print(line)
    columns = ("in it now", "after", "enter", "leave", "entries published", "leaves published")
    shown = table("segment", *columns, right=columns)
    for each in outlook.segments:
        shown.add_row(each.segment, *map(number, (each.before, each.after, each.enters, each.leaves, each.entered, each.left)))
    out.print()
    out.print(shown)
    read = f", {number(outlook.records)} records of the past read" if outlook.records else ""
    out.print(f"{number(outlook.people)} people looked at{read}; nothing was written.")
    _show_lag(planned)
    for each in outlook.segments:
        for example in each.examples:
            what = ("enters" if example.enters else "leaves") + ("" if example.published else " (not published)")
            out.print(f"{each.segment}: {plain(example.person)} {what}: {plain('; '.join(example.reasons))}")


def _show_lag(planned: _Planned) -> None:
    out = console()
    if planned.behind:
        lanes = ", ".join(map(str, planned.behind))
        out.print(f"Version {planned.version} does not hold yet in the lanes {lanes}: apply is refused until it does.")
    if planned.unapplied:
        out.print(f"{number(planned.unapplied)} records are not applied yet and not in these numbers; `ebbtide doctor` shows the lag.")
