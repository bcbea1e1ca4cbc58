"""`ebbtide replay`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, plain, print_json

if TYPE_CHECKING:
    from stream.replay.difference import Difference
    from stream.replay.run import ReplayReport
    from stream.runtime.settings import Settings

_COUNTS = ("same", "missing", "unexpected", "differing", "repeated", "pending", "later")


class _Moment(click.ParamType):
    """ISO 8601 with an offset, or milliseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text.isdigit():
            return int(text)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"found {plain(text)}, expected ISO 8601 with an offset (2026-11-22T08:00:00Z) or milliseconds since 1970", param, ctx
            )
        if moment.tzinfo is None:
            self.fail(f"found {plain(text)}, expected an offset at its end, as in {plain(text)}Z", param, ctx)
        return round(moment.timestamp() * 1000)


@click.command("replay")
@click.option("--from", "start", type=_Moment(), help="First time of the stretch; the log's start unless given.")
@click.option("--to", "end", type=_Moment(), help="Last time of the stretch; the log's end now unless given.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the transitions it yields.")
@click.option("--compare", is_flag=True, help="Compare them with what the live stream published; exit 1 if they differ.")
@json_option
@click.pass_context
def command(context: click.Context, start: int | None, end: int | None, into: Path, *, compare: bool, as_json: bool) -> None:
    """Run a stretch of the log again, and compare with what was published.

    The log is run from its true start through the same pure path as live; nothing is written to Kafka or Redis. The transitions of
    the stretch go to DIR/partition-<n>.jsonl.
    """
    report = run(_replay(command_settings(context), start, end, into, compare=compare, as_json=as_json))
    if as_json:
        print_json(_plain(report))
    else:
        _tell(report, into)
    if report.difference is not None and not report.difference.is_empty:
        raise SystemExit(1)


async def _replay(settings: Settings, start: int | None, end: int | None, into: Path, *, compare: bool, as_json: bool) -> ReplayReport:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - only for people

    from stream.replay.run import run_replay  # noqa: PLC0415 - Kafka's client takes its time to load

    columns = (TextColumn("records"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(error=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("", total=None)
        return await run_replay(
            settings,
            start=start,
            end=end,
            into=into,
            compare=compare,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )


def _plain(report: ReplayReport) -> dict[str, Any]:
    files = [{"partition": each.partition, "file": str(each.file), "written": each.written} for each in report.partitions]
    told: dict[str, Any] = {"records": report.records, "written": report.written, "seconds": round(report.seconds, 3), "partitions": files}
    if report.difference is not None:
        counts = {name: getattr(report.difference, name) for name in _COUNTS}
        told["difference"] = {
            "empty": report.difference.is_empty,
            "live_known": report.live_known,
            **counts,
            **_examples(report.difference),
        }
    return told


def _examples(difference: Difference) -> dict[str, Any]:
    return {
        "missing_examples": difference.missing_examples,
        "unexpected_examples": difference.unexpected_examples,
        "differing_examples": difference.differing_examples,
    }


def _tell(report: ReplayReport, into: Path) -> None:
    click.echo(f"{number(report.records)} records in {report.seconds:.1f} s; {number(report.written)} transitions written to {into}")
    difference = report.difference
    if difference is None:
        return
    if difference.is_empty:
        later = f"; {difference.pending} are still to be published" if difference.pending else ""
        click.echo(f"The live stream published exactly this: {number(difference.same)} transitions the same{later}.")
    else:
        click.echo(
            f"The live stream differs: {difference.missing} missing, {difference.unexpected} unexpected, "
            f"{difference.differing} with other content, {number(difference.same)} the same."
        )
        for name, examples in _examples(difference).items():
            for example in examples[:3]:
                click.echo(f"  {name.removesuffix('_examples')}: {plain(json.dumps(example, ensure_ascii=False))}")
    if not report.live_known:
        click.echo("The store did not tell how far the live stream has come; what it has not reached counts as missing.")
