"""`ebbtide apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, plain, print_json

if TYPE_CHECKING:
    from stream.cli.applying import Advance, Applied
    from stream.cli.lookback import Lookback
    from stream.runtime.settings import Settings


@click.command("apply")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--silent", is_flag=True, help="Mark the transitions that the change itself causes: senders skip them.")
@click.option("--wait", "wait_seconds", default=60.0, show_default=True, help="Seconds without progress after which to stop waiting.")
@json_option
@click.pass_context
def command(context: click.Context, folder: Path, wait_seconds: float, *, silent: bool, as_json: bool) -> None:
    """Make a folder of definitions the newest version, everywhere.

    Checks all of it first and applies nothing if there is a fault. Says what reaches further back than the log. Then writes the
    version to the log; the workers read again what new tags and conditions must know of the past, and switch when all have it. The
    command shows how far they are and may be stopped: they go on. If nothing differs, nothing is written.
    """
    settings = command_settings(context)
    applied, everywhere, lookback = run(_apply(settings, folder, wait_seconds, silent=silent, as_json=as_json))
    if as_json:
        from stream.cli.lookback import lookback_view  # noqa: PLC0415 - only here

        changes = [{"kind": change.kind, "id": change.id, "how": change.how} for change in applied.changes]
        print_json({"version": applied.version, "changes": changes, "past": lookback_view(lookback), "everywhere": everywhere})
    else:
        _tell(applied, settings, everywhere=everywhere)


async def _apply(settings: Settings, folder: Path, wait_seconds: float, *, silent: bool, as_json: bool) -> tuple[Applied, bool, Lookback]:
    from schemas.definitions.bundle import next_bundle  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.applying import apply, until_everywhere  # noqa: PLC0415 - likewise
    from stream.cli.deployment import opened  # noqa: PLC0415 - likewise
    from stream.cli.lookback import look_back, warnings  # noqa: PLC0415 - likewise
    from stream.runtime.clock import SystemClock  # noqa: PLC0415 - likewise
    from stream.runtime.definition_files import load_folder  # noqa: PLC0415 - likewise

    definitions = load_folder(folder)
    async with opened(settings) as deployment:
        lookback = await look_back(deployment, next_bundle(deployment.newest, definitions), SystemClock().now_ms())
        for line in warnings(lookback):
            click.echo(line, err=True)
        applied = await apply(deployment, definitions, silent=silent)
        if not applied.asked:
            return applied, True, lookback
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - only for people

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console(error=True), disable=as_json, transient=True) as bar:
            past = bar.add_task("records of the past read", total=None)
            lanes = bar.add_task(f"lanes on version {applied.version}", total=settings.partitions)

            def tell(found: Advance) -> None:
                bar.update(past, completed=found.read, total=found.of)
                bar.update(lanes, completed=found.switched)

            everywhere = await until_everywhere(deployment, applied.version, wait_seconds, tell)
        if any(header is not None and header.parted for header in (await deployment.headers()).values()):
            click.echo(
                "Some people come from a split: `ebbtide identity recount` makes exact what new definitions know of their past.", err=True
            )
        return applied, everywhere, lookback


def _tell(applied: Applied, settings: Settings, *, everywhere: bool) -> None:
    for change in applied.changes:
        click.echo("\n".join(map(plain, str(change).split("\n"))))
    if not applied.asked:
        click.echo(f"Nothing differs from version {applied.version}; nothing was written.")
    elif not everywhere:
        click.echo(f"Version {applied.version} is in the log. No worker is running: it takes effect as soon as one does.")
    else:
        again = " (an earlier apply had been cut short)" if applied.again else ""
        click.echo(f"Version {applied.version} holds in all {settings.partitions} lanes{again}.")
