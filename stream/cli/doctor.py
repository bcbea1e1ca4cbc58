"""`ebbtide doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, plain, print_json, table

if TYPE_CHECKING:
    from stream.cli.examination import Examination, Finding

_SHOWN = {"good": ("✓", "green"), "note": ("·", "yellow"), "bad": ("✗", "bold red")}


@click.command("doctor")
@json_option
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """Check broker, store, topics, clocks, lanes and versions.

    Changes nothing. Exits 1 if something is wrong, and says what to do about it.
    """
    from stream.cli.examination import examine  # noqa: PLC0415 - Kafka's client takes its time to load

    examined = run(examine(command_settings(context)))
    if as_json:
        print_json(_plain(examined))
    else:
        _show(examined)
    if examined.bad:
        raise SystemExit(1)


def _plain(examined: Examination) -> dict[str, Any]:
    findings = [{"what": each.what, "state": each.state, "found": each.found, "do": each.advice} for each in examined.findings]
    lanes = [
        {
            "partition": lane.partition,
            "owner": lane.owner,
            "cursor": lane.cursor,
            "end": lane.end,
            "lag": lane.lag,
            "definitions": lane.definitions,
            "people": lane.people,
            "clock": lane.clock_ms,
        }
        for lane in examined.lanes
    ]
    return {"healthy": not examined.bad, "findings": findings, "lanes": lanes}


def _show(examined: Examination) -> None:
    out = console()
    findings = table("", "what", "found", "what to do")
    for each in examined.findings:
        findings.add_row(*_row(each))
    out.print(findings)
    if examined.lanes:
        lanes = table(
            "lane", "owner", "cursor", "log's end", "lag", "definitions", "people", right=("lane", "cursor", "log's end", "lag", "people")
        )
        for lane in examined.lanes:
            figures = (number(lane.cursor), number(lane.end), number(lane.lag))
            lanes.add_row(str(lane.partition), lane.owner or "–", *figures, lane.definitions, number(lane.people))
        out.print(lanes)
    out.print(f"{examined.bad} to mend." if examined.bad else "All is well.")


def _row(finding: Finding) -> tuple[Any, ...]:
    from rich.text import Text  # noqa: PLC0415 - JSON needs none of it

    sign, style = _SHOWN[finding.state]
    return (Text(sign, style=style), finding.what, plain(finding.found), plain(finding.advice))
