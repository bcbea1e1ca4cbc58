"""`ebbtide explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, plain, print_json, when

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from segments.explain import Explanation
    from stream.explain.people import Found
    from stream.runtime.settings import Settings


@click.command("explain")
@click.argument("person_id", metavar="ID")
@click.argument("segment")
@json_option
@click.pass_context
def command(context: click.Context, person_id: str, segment: str, *, as_json: bool) -> None:
    """Say why a person is in a segment or not, node by node.

    For each node of the condition: whether it holds now, the facts behind it, and when that changes if nothing happens.
    """
    found, explanation = run(_look(command_settings(context), person_id, segment))
    inside, publishing = _standing(found, segment)
    if as_json:
        from schemas.transition import iso_time  # noqa: PLC0415 - only here
        from stream.explain.view import explanation_view  # noqa: PLC0415 - only here

        head = {"person": found.person.state.id, "segment": segment, "in": inside, "asOf": iso_time(found.as_of_ms)}
        told = {"definitions": found.bundle.version, "published": publishing, "because": explanation_view(explanation)}
        print_json({**head, **told})
    else:
        _show(found, segment, explanation, publishing, inside=inside)


def _standing(found: Found, segment: str) -> tuple[bool, dict[str, Any]]:
    """Whether the condition holds, and what was published of it."""
    from segments.publish import is_member  # noqa: PLC0415 - likewise
    from stream.explain.view import publishing_view  # noqa: PLC0415 - likewise

    return is_member(found.person.state, found.bundle.numbers.segments[segment]), publishing_view(found, segment)


async def _look(settings: Settings, person_id: str, segment: str) -> tuple[Found, Explanation]:
    from segments.explain import explain  # noqa: PLC0415 - likewise
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.errors import Failed  # noqa: PLC0415 - likewise
    from stream.cli.lookup import find_person  # noqa: PLC0415 - likewise
    from stream.cli.segment_name import segment_of  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        found = await find_person(deployment, person_id)
        segment_of(found.bundle, segment)
        if segment not in {evaluated.id for evaluated in found.history.current.program.segments}:
            raise Failed(f"the segment {segment} is archived: nobody is in it, and it is not evaluated")
        return found, explain(found.history.current.program, segment, found.person, found.as_of_ms)


def _show(found: Found, segment: str, explanation: Explanation, publishing: dict[str, Any], *, inside: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - JSON needs none of it

    out = console()
    head = Text(f"{plain(found.person.state.id)} is {'in' if inside else 'not in'} {segment}", style="bold")
    out.print(head.append(f" as of {when(found.as_of_ms)} UTC, definitions {found.bundle.version}", style="not bold"))
    change = "it stays so" if explanation.changes_at is None else f"that changes at {when(explanation.changes_at, found.as_of_ms)}"
    out.print(f"If nothing happens, {change}.")
    for line in publishing_lines(publishing, inside=inside):
        out.print(line)
    out.print(_tree(explanation, found.as_of_ms))


def publishing_lines(publishing: dict[str, Any], *, inside: bool) -> Iterator[str]:
    """What receivers were told, where it is not simply what is so."""
    most = publishing["atMost"]
    if publishing["heldBack"] == "at_most":
        yield "This entry was suppressed by at_most and not published, nor will its leave be: to receivers the person is out."
    elif publishing["heldBack"] == "paused":
        told = "out" if inside else "in"
        yield f"The segment was paused when this changed, so it was not published: to receivers the person is {told}."
    if publishing["paused"]:
        yield "The segment is paused: nothing is published of it."
    if most is not None:
        entries = ", ".join(publishing["entries"]) or "none"
        yield f"at_most {most['times']} per {most['per']}: {len(publishing['entries'])} published entries count now: {entries}"


def _tree(explanation: Explanation, now_ms: int) -> Tree:
    from rich.tree import Tree  # noqa: PLC0415 - JSON needs none of it

    tree = Tree(_line(explanation, now_ms))
    for item in explanation.items:
        tree.add(_tree(item, now_ms))
    return tree


def _line(explanation: Explanation, now_ms: int) -> Text:
    from rich.text import Text  # noqa: PLC0415 - JSON needs none of it

    from stream.cli.fact_words import fact_words  # noqa: PLC0415 - likewise

    line = Text("✓ " if explanation.value else "✗ ", style="bold green" if explanation.value else "bold red")
    line.append(plain(explanation.text), style="not bold default")
    if words := fact_words(explanation, now_ms):
        line.append(f"   {words}", style="not bold cyan")
    if explanation.changes_at is not None:
        line.append(f"   until {when(explanation.changes_at, now_ms)}", style="not bold yellow")
    return line
