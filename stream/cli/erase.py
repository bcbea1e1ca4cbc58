"""`ebbtide erase`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import plain, print_json

if TYPE_CHECKING:
    from stream.runtime.settings import Settings

_WAIT_SECONDS = 60.0


@click.command("erase")
@click.argument("person_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", default=_WAIT_SECONDS, show_default=True, type=click.FloatRange(1), help="Seconds to wait for the lanes.")
@json_option
@click.pass_context
def command(context: click.Context, person_id: str, timeout: float, *, yes: bool, as_json: bool) -> None:
    """Erase a person: state, ids, lists; replays and backfills skip it.

    ID is any id of the person. It leaves each segment with the cause erasure; then nothing of its ids is left in Redis. What stands on
    the Kafka topics stays until their retention ends. An event that comes later begins a new person. With --json there must be --yes.
    """
    if as_json and not yes:
        raise click.UsageError("--json asks nothing: it takes --yes too")
    settings = command_settings(context)
    if not yes:
        _ask(run(_preview(settings, person_id)))
    receipt = run(_erase(settings, person_id, timeout))
    if as_json:
        print_json(receipt)
    else:
        _tell(receipt)


async def _preview(settings: Settings, name: str) -> dict[str, Any]:
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.lookup import find_person  # noqa: PLC0415 - likewise
    from stream.explain.view import person_view  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        return person_view(await find_person(deployment, name))


async def _erase(settings: Settings, name: str, wait_seconds: float) -> dict[str, Any]:
    from stream.cli.deployment import opened  # noqa: PLC0415 - as above
    from stream.cli.erasing import erase  # noqa: PLC0415 - as above

    async with opened(settings) as deployment:
        return await erase(deployment, name, wait_seconds)


def _ask(view: dict[str, Any]) -> None:
    inside = [one["segment"] for one in view["segments"] if one["published"]]
    click.echo(f"{plain(view['person'])}, first seen {view['firstSeen']}")
    click.echo(f"  ids: {', '.join(map(plain, view['ids']))}")
    click.echo(f"  {len(view['traits'])} traits, {len(view['tags'])} tags")
    click.echo(f"  leaves: {', '.join(inside) or 'no segment'}")
    click.confirm("Erase all of it? It cannot be brought back", abort=True)


def _tell(receipt: dict[str, Any]) -> None:
    click.echo(f"{plain(receipt['person'])} is erased, {receipt['ids']} ids in {len(receipt['partitions'])} partitions.")
    click.echo(f"Asked for at {receipt['partition']}/{receipt['offset']}, appended {receipt['appendedAt']}, done {receipt['doneAt']}.")
    if receipt["lists"]:
        click.echo(f"Taken off the lists: {', '.join(map(plain, receipt['lists']))}.")
