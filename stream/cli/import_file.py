"""`ebbtide import`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, pairs, print_json

if TYPE_CHECKING:
    from collectors.enriching.enrichment import Enrich
    from collectors.importing.position import Position
    from collectors.inspection import Inspect
    from stream.cli.importing import Job
    from stream.runtime.settings import Settings

_TYPES: Final = ("track", "identify", "page", "screen", "group", "alias", "tag", "untag")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["json", "csv"]), help="What the file holds; csv if it ends in .csv or .csv.gz, else json."
)
@click.option("--source", default="import", show_default=True, help="The source that the events name.")
@click.option("--type", "kind", type=click.Choice(_TYPES), help="The type of lines that name none; track unless given.")
@click.option("--event", help="The event of lines that name none.")
@click.option("--again", is_flag=True, help="Begin at the file's start, whatever was imported of it before.")
@click.option("--dry-run", is_flag=True, help="Read the file and say what would be refused; write nothing.")
@json_option
@click.pass_context
def command(
    context: click.Context, /, file: Path, form: str | None, *, again: bool, dry_run: bool, as_json: bool, **said: str | None
) -> None:
    """Import a file of events: lines of JSON, or CSV.

    A line is a call as clients make it, {"userId": …, "event": …, "timestamp": …, "properties": …}; the columns of CSV are userId, event,
    properties.price:number and so on. A file that ends in .gz is unpacked. How far it got is kept in FILE.import.json: the same command
    goes on after a kill, each line once, and with what was added to the file since. Lines that cannot be taken are written to
    FILE.refused with the reason, and make the exit code 1.
    """
    from collectors.importing.position import further, kept, started  # noqa: PLC0415 - what only an import needs

    settings = command_settings(context)
    is_csv = form == "csv" if form else file.name.removesuffix(".gz").lower().endswith(".csv")
    columns, offset, line = _header(file) if is_csv else (None, 0, 1)
    source = said["source"] or "import"
    job = _job(settings, file, (columns, said["kind"], said["event"]), source)
    if dry_run:
        _check(settings, job, as_json=as_json)
        return
    how = "\0".join((settings.kafka, settings.prefix, source, str(is_csv), said["kind"] or "", said["event"] or ""))
    position = None if again else kept(file, how)
    if position is None:
        position = further(started(file, how), offset=offset, line=line)
    _tell(job, position, _run(settings, job, position, as_json=as_json), as_json=as_json)


def _header(file: Path) -> tuple[object, int, int]:
    """The columns of CSV, and where the line after them begins."""
    from collectors.importing.columns import columns_of  # noqa: PLC0415 - as above
    from collectors.importing.reading import open_plain, records  # noqa: PLC0415 - as above

    with open_plain(file) as opened:
        header = next(records(opened, is_csv=True), None)
    if header is None or header.text is None:
        raise click.UsageError(f"{file} has no header: a first line that names its columns")
    return columns_of(header.text), header.end, header.line + header.lines


def _job(settings: Settings, file: Path, form: tuple[object, str | None, str | None], source: str) -> Job:
    from collectors.importing.events import Format  # noqa: PLC0415 - as above
    from stream.cli.importing import Job  # noqa: PLC0415 - Kafka's client takes its time to load

    said = Format(*form)  # type: ignore[arg-type]
    return Job(file, said, source, file.with_name(f"{file.name}.refused"), *run(_steps(settings, source)))


async def _steps(settings: Settings, source: str) -> tuple[Inspect | None, Enrich | None]:
    """What the newest definitions ask of every event, and work out of those of the source. Raises Unavailable, Misconfigured."""
    from collectors.conforming import conforming, in_turn  # noqa: PLC0415 - as above
    from collectors.enriching.enrichment import Enriching  # noqa: PLC0415 - as above
    from collectors.enriching.regions import open_regions  # noqa: PLC0415 - as above
    from collectors.inspection import inspection  # noqa: PLC0415 - as above
    from stream.cli.deployment import topics_exist  # noqa: PLC0415 - as above
    from stream.kafka.bundles import BundleLog  # noqa: PLC0415 - as above

    regions = open_regions(settings.collector)
    await topics_exist(settings)
    bundles = BundleLog(settings.kafka, settings.topics)
    try:
        await bundles.start()
        enrichers = Enriching(regions).of_sources(bundles.newest.sources)
        newest = bundles.newest
        asked = in_turn(inspection(newest.quality, lambda *_: None), conforming(newest.sources, lambda *_: None))
        return asked, enrichers.get(source)
    finally:
        await bundles.stop()


def _run(settings: Settings, job: Job, position: Position, *, as_json: bool) -> Position:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - only for people

    from stream.cli.importing import Importing  # noqa: PLC0415 - as above

    # How long a packed file is when it is unpacked is known at its end only.
    total = None if job.path.suffix == ".gz" else job.path.stat().st_size
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(error=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("importing", total=total, completed=position.offset)

        def progress(now: Position) -> None:
            bar.update(task, completed=now.offset, description=f"{number(now.accepted)} events, {number(now.refused)} refused")

        return run(Importing(settings, job, position, progress).run())


def _tell(job: Job, before: Position, after: Position, *, as_json: bool) -> None:
    new, refused = after.accepted - before.accepted, after.refused - before.refused
    if as_json:
        print_json(
            {"file": str(job.path), "accepted": new, "refused": refused, "accepted_in_all": after.accepted, "refused_in_all": after.refused}
        )
    elif not new and not refused:
        click.echo(f"Nothing is left of {job.path}: {number(after.accepted)} events of it are in. --again imports it from its start.")
    else:
        click.echo(f"{number(new)} events of {job.path} are in, {number(after.accepted)} in all.")
        if refused:
            click.echo(f"{number(refused)} lines are refused: {job.refused} says why.")
    if refused:
        raise click.exceptions.Exit(1)


def _check(settings: Settings, job: Job, *, as_json: bool) -> None:
    from stream.cli.importing import checked, limits_of  # noqa: PLC0415 - as above
    from stream.runtime.clock import SystemClock  # noqa: PLC0415 - as above

    outcomes = Counter("" if each is None else each.reason.code for each in checked(job, limits_of(settings), SystemClock().now_ms()))
    good = outcomes.pop("", 0)
    if as_json:
        print_json({"file": str(job.path), "accepted": good, "refused": dict(outcomes), "written": False})
    else:
        click.echo(f"{number(good)} lines would be taken, {number(outcomes.total())} refused. Nothing was written.")
        if outcomes:
            click.echo(pairs(outcomes))
    if outcomes:
        raise click.exceptions.Exit(1)
