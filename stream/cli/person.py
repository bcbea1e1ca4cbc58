"""`ebbtide person`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, plain, print_json, table

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


@click.command("person")
@click.argument("person_id", metavar="ID")
@json_option
@click.pass_context
def command(context: click.Context, person_id: str, *, as_json: bool) -> None:
    """Show one person: tags with scores now, traits, segments.

    ID is user:u1, anon:a-9 or another namespace with its value; a bare id is tried as user, then as anonymous. Scores have faded
    to the present, and what is due by now is taken as having happened. A person is in a segment if its condition holds; what of it
    was published stands beside it. Lists that name the person, and bounds that are reached, come last.
    """
    view = run(_look(command_settings(context), person_id))
    if as_json:
        print_json(view)
    else:
        _show(view)


async def _look(settings: Settings, person_id: str) -> dict[str, Any]:
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.lookup import find_person  # noqa: PLC0415 - likewise
    from stream.explain.view import person_view  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        return person_view(await find_person(deployment, person_id))


def _show(view: dict[str, Any]) -> None:
    from rich.text import Text  # noqa: PLC0415 - JSON needs none of it

    out = console()
    out.print(Text(plain(view["person"]), style="bold"))
    known = f", also {', '.join(map(plain, view['ids'][1:]))}" if view["ids"][1:] else ""
    out.print(f"as of {view['asOf']}, definitions {view['definitions']}, partition {view['partition']}{known}")
    out.print(f"first seen {view['firstSeen']}, next due time: {view['nextDue'] or 'none'}\n")
    out.print(_tags(view["tags"]))
    out.print(_segments(view["segments"]))
    traits = table("trait", "value", title="Traits")
    for name, value in view["traits"].items():
        traits.add_row(plain(name), plain(json.dumps(value, ensure_ascii=False)))
    out.print(traits if view["traits"] else "No traits.\n")
    if view["lists"]:
        out.print(f"On the lists: {', '.join(map(plain, view['lists']))}.")
    for bound in view["bounds"]:
        what = f"{bound['of']} {plain(bound['id'])}, {plain(bound['asks'])}"
        out.print(f"A bound is reached, and something may have been left out: {what}: {bound['bound']}")


def _tags(tags: list[dict[str, Any]]) -> Any:
    if not tags:
        return "No tags.\n"
    shown = table("tag", "score now", "count", "weight", "first", "last", "came from", title="Tags", right=("score now", "count", "weight"))
    for tag in tags:
        name = tag["tag"] if tag["value"] is None else f"{tag['tag']}:{tag['value']}"
        came = tag["from"]
        origin = " · ".join(str(part) for part in (came["rule"] or "said", came["source"], came["eventId"]) if part)
        figures = (number(tag["score"]), number(tag["count"]), number(tag["weight"]))
        shown.add_row(plain(name), *figures, tag["firstAt"], tag["lastAt"], plain(origin))
    return shown


def _segments(segments: list[dict[str, Any]]) -> Any:
    if not segments:
        return "No segments are defined.\n"
    shown = table("segment", "in", "published", "sequence", "if nothing happens", title="Segments", right=("sequence",))
    for segment in segments:
        inside, changes_at = segment["in"], segment["changesAt"]
        then = "stays so" if changes_at is None else f"{'leaves' if inside else 'enters'} at {changes_at}"
        told = ("yes" if each else "no" for each in (inside, segment["published"]))
        shown.add_row(segment["segment"], *told, str(segment["sequence"]), then)
    return shown
