"""`ebbtide identity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, plain, print_json, table

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


_WAIT_SECONDS = 60.0


@click.group("identity")
def command() -> None:
    """Show which ids are one person, and why; split who is not."""


@command.command("show")
@click.argument("person_id", metavar="ID")
@json_option
@click.pass_context
def show(context: click.Context, person_id: str, *, as_json: bool) -> None:
    """Show the ids of a person, and the edges between them.

    ID is any id of the person. Each edge tells which event of which source joined two ids, and when. Ids that were asked for wait for
    an answer of another lane; those that were refused belong to somebody else, or would make two strong ids meet.
    """
    view = run(_look(command_settings(context), person_id))
    if as_json:
        print_json(view)
    else:
        _show(view)


@command.command("why")
@click.argument("one", metavar="ID")
@click.argument("other", metavar="OTHER")
@json_option
@click.pass_context
def why(context: click.Context, one: str, other: str, *, as_json: bool) -> None:
    """Say why two ids are one person: the edges that lead from one to the other."""
    from stream.cli.errors import Failed  # noqa: PLC0415 - only here
    from stream.explain.identity import way_between  # noqa: PLC0415 - likewise

    settings = command_settings(context)
    view, far = run(_look(settings, one)), run(_look(settings, other))
    if view["person"] != far["person"]:
        raise Failed(f"they are two: {plain(one)} is {plain(view['person'])}, {plain(other)} is {plain(far['person'])}{_cut(view, far)}")
    way = way_between(view["edges"], view["asked for"], far["asked for"])
    if as_json:
        print_json({"person": view["person"], "way": way})
    else:
        console().print(_edges(way) if way else "They are the same id.")


@command.command("split")
@click.argument("person_id", metavar="PERSON")
@click.argument("other", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would be cut, and which ids would be whose.")
@click.option("--timeout", default=_WAIT_SECONDS, show_default=True, type=click.FloatRange(1), help="Seconds to wait for the lanes.")
@json_option
@click.pass_context
def split(context: click.Context, person_id: str, other: str, timeout: float, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Take ID away from PERSON, as if the edge between them had never been.

    PERSON and ID are two ids of one person. Each edge of ID that leads to PERSON is cut; what hangs on ID goes with it. Both people are
    worked out anew from the log, each from the events of its own ids; segments they are in or not in are entered or left with the
    cause split. What is cut stays cut, unless an alias joins it. With --json there must be --yes or --dry-run.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: it takes --yes or --dry-run too")
    settings = command_settings(context)
    if dry_run or not yes:
        plan = run(_split_plan(settings, person_id, other))
        if as_json:
            print_json(plan)
        else:
            _show_plan(plan)
        if dry_run:
            return
        click.confirm("Split them?", abort=True)
    receipt = run(_split(settings, person_id, other, timeout))
    if as_json:
        print_json(receipt)
    else:
        click.echo(f"{plain(receipt['person'])} and {plain(receipt['into'])} are two.")
        click.echo(f"Asked for at {receipt['partition']}/{receipt['offset']}, appended {receipt['appendedAt']}, done {receipt['doneAt']}.")


@command.command("recount")
@click.argument("people", metavar="[PERSON]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say whom.")
@click.option("--timeout", default=_WAIT_SECONDS, show_default=True, type=click.FloatRange(1), help="Seconds without progress to wait.")
@json_option
@click.pass_context
def recount(context: click.Context, people: tuple[str, ...], timeout: float, *, dry_run: bool, as_json: bool) -> None:
    """Count people anew from the log: those that are named, or all whom splits have left.

    What definitions that came after a split know of those people's past is only nearly right until this is done. PERSON is any id. All
    that the person holds is worked out anew from the events of its ids; segments it is in or not in are entered or left with the
    cause split. The log must still have all they did, and is read once for at most a hundred people of a partition.
    """
    counted = run(_recount(command_settings(context), people, timeout, dry_run=dry_run, as_json=as_json))
    if as_json:
        print_json(counted)
        return
    for person in counted["people"]:
        click.echo(f"{'would be' if dry_run else 'has been'} counted anew: {plain(person)}")
    for person, why in counted["left out"].items():
        click.echo(f"left out: {plain(person)} ({plain(why)})")
    if not counted["people"] and not counted["left out"]:
        click.echo("Nobody comes from a split: there is nothing to count anew.")


async def _recount(settings: Settings, named: tuple[str, ...], wait_seconds: float, *, dry_run: bool, as_json: bool) -> dict[str, Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - only for people

    from stream.cli import recounting  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.deployment import opened  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        whom = list(named) or await recounting.split_people(deployment)
        if dry_run:
            return {"people": whom, "left out": {}}
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console(error=True), disable=as_json, transient=True) as bar:
            task = bar.add_task("people counted anew", total=len(whom))
            done = await recounting.recount(deployment, whom, wait_seconds, lambda count: bar.update(task, completed=count))
    return {"people": done.done, "left out": done.left_out}


async def _split_plan(settings: Settings, person_id: str, other: str) -> dict[str, Any]:
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.splitting import plan_split  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        return await plan_split(deployment, person_id, other)


async def _split(settings: Settings, person_id: str, other: str, wait_seconds: float) -> dict[str, Any]:
    from stream.cli.deployment import opened  # noqa: PLC0415 - as above
    from stream.cli.splitting import split_person  # noqa: PLC0415 - as above

    async with opened(settings) as deployment:
        return await split_person(deployment, person_id, other, wait_seconds)


def _show_plan(plan: dict[str, Any]) -> None:
    for pair in plan["cut"]:
        click.echo(f"cut: {plain(pair['one'])} – {plain(pair['other'])}")
    click.echo(f"{plain(plan['person'])} keeps {', '.join(map(plain, plan['keeps']))}")
    click.echo(f"{plain(plan['into'])} gets {', '.join(map(plain, plan['gets']))}")


def _cut(view: dict[str, Any], far: dict[str, Any]) -> str:
    """What a split has cut that both have been told of, if anything."""
    pairs = [pair for pair in view["cut"] if pair in far["cut"]]
    return "".join(f"\na split cut {plain(pair['one'])} – {plain(pair['other'])}" for pair in pairs)


async def _look(settings: Settings, name: str) -> dict[str, Any]:
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.lookup import find_person  # noqa: PLC0415 - likewise
    from stream.explain.identity import identity_view  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        found = await find_person(deployment, name)
    return {**identity_view(found.person), "asked for": found.asked_for}


def _show(view: dict[str, Any]) -> None:
    out = console()
    out.print(f"{plain(view['person'])} is also known as {', '.join(map(plain, view['ids'][1:])) or 'nothing else'}\n")
    if view["edges"]:
        out.print(_edges(view["edges"]))
    for typed_id in view["asked"]:
        out.print(f"asked for, no answer yet: {plain(typed_id)}")
    for typed_id, reason in view["refused"].items():
        out.print(f"refused: {plain(typed_id)} ({reason})")
    for pair in view["cut"]:
        out.print(f"cut by a split: {plain(pair['one'])} and {plain(pair['other'])}")


def _edges(edges: list[dict[str, Any]]) -> Any:
    shown = table("id", "and", "since", "source", "event", title="Edges")
    for edge in edges:
        shown.add_row(plain(edge["one"]), plain(edge["other"]), edge["since"], plain(edge["source"]), plain(edge["reason"]))
    return shown
