"""`ebbtide explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, distance, number, plain, print_json, when

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from segments.explain import Explanation
    from stream.explain.people import Found
    from stream.runtime.settings import Settings

_TIMES_SHOWN = 5


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
    number_of = found.bundle.numbers.segments[segment]
    inside = bool(found.person.state.members.get(number_of, 0) & 1)
    if as_json:
        from schemas.transition import iso_time  # noqa: PLC0415 - only here
        from stream.explain.view import explanation_view  # noqa: PLC0415 - only here

        head = {"person": found.person.state.id, "segment": segment, "in": inside, "asOf": iso_time(found.as_of_ms)}
        print_json({**head, "definitions": found.bundle.version, "because": explanation_view(explanation)})
    else:
        _show(found, segment, explanation, inside=inside)


async def _look(settings: Settings, person_id: str, segment: str) -> tuple[Found, Explanation]:
    from segments.explain import explain  # noqa: PLC0415 - likewise
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.lookup import find_person  # noqa: PLC0415 - likewise
    from stream.cli.segment_name import segment_of  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment:
        found = await find_person(deployment, person_id)
        segment_of(found.bundle, segment)
        return found, explain(found.history.current.program, segment, found.person, found.as_of_ms)


def _show(found: Found, segment: str, explanation: Explanation, *, inside: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - JSON needs none of it

    out = console()
    head = Text(f"{plain(found.person.state.id)} is {'in' if inside else 'not in'} {segment}", style="bold")
    out.print(head.append(f" as of {when(found.as_of_ms)} UTC, definitions {found.bundle.version}", style="not bold"))
    change = "it stays so" if explanation.changes_at is None else f"that changes at {when(explanation.changes_at, found.as_of_ms)}"
    out.print(f"If nothing happens, {change}.")
    out.print(_tree(explanation, found.as_of_ms))


def _tree(explanation: Explanation, now_ms: int) -> Tree:
    from rich.tree import Tree  # noqa: PLC0415 - JSON needs none of it

    tree = Tree(_line(explanation, now_ms))
    for item in explanation.items:
        tree.add(_tree(item, now_ms))
    return tree


def _line(explanation: Explanation, now_ms: int) -> Text:
    from rich.text import Text  # noqa: PLC0415 - JSON needs none of it

    line = Text("✓ " if explanation.value else "✗ ", style="bold green" if explanation.value else "bold red")
    line.append(plain(explanation.text), style="not bold default")
    if explanation.kind not in {"all", "any", "not"}:
        line.append(f"   {plain(_facts(explanation, now_ms))}", style="not bold cyan")
    if explanation.changes_at is not None:
        line.append(f"   until {when(explanation.changes_at, now_ms)}", style="not bold yellow")
    return line


def _facts(explanation: Explanation, now_ms: int) -> str:
    facts = explanation.facts
    match explanation.kind:
        case "trait":
            return ", ".join(f"{path} is {value!r}" for path, value in facts.items())
        case "event":
            times = [distance(time - now_ms) for time in reversed(facts.get("times", ()))]
            more = f" and {len(times) - _TIMES_SHOWN} more" if len(times) > _TIMES_SHOWN else ""
            return f"{facts['count']} counted" + (f": {', '.join(times[:_TIMES_SHOWN])}{more}" if times else "")
        case _:
            return _tag_facts(facts, now_ms)


def _tag_facts(facts: dict[str, Any], now_ms: int) -> str:
    if "values" in facts:
        values = "; ".join(f"{value}: {_tag_facts(inner, now_ms)}" for value, inner in facts["values"].items())
        left_out = facts["values_in_all"] - len(facts["values"])
        return values + (f"; and {left_out} values more" if left_out else "")
    if not facts["count"]:
        return "no such tag"
    last = distance(facts["last_at"] - now_ms)
    return f"score now {number(facts['score'])}, count {number(facts['count'])}, weight {number(facts['weight'])}, last {last}"
