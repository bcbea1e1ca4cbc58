"""`ebbtide identity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, plain, print_json, table

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


@click.group("identity")
def command() -> None:
    """Show which ids are one person, and why."""


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
        raise Failed(f"they are two: {plain(one)} is {plain(view['person'])}, {plain(other)} is {plain(far['person'])}")
    way = way_between(view["edges"], view["asked for"], far["asked for"])
    if as_json:
        print_json({"person": view["person"], "way": way})
    else:
        console().print(_edges(way) if way else "They are the same id.")


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


def _edges(edges: list[dict[str, Any]]) -> Any:
    shown = table("id", "and", "since", "source", "event", title="Edges")
    for edge in edges:
        shown.add_row(plain(edge["one"]), plain(edge["other"]), edge["since"], plain(edge["source"]), plain(edge["reason"]))
    return shown
