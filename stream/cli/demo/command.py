"""`ebbtide demo`."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stream.cli.kit import json_option, run
from stream.cli.output import console, print_json

if TYPE_CHECKING:
    from stream.cli.demo.screen import Screen
    from stream.cli.demo.show import Plan


@click.command("demo")
@click.option("--seconds", type=click.FloatRange(1), help="End by itself after so long, with a summary. Default: until Ctrl-C.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Keep data and logs here. Default: a temporary folder.")
@click.option("--people", default=120, show_default=True, type=click.IntRange(1, 100_000), help="Simulated shoppers.")
@click.option("--rate", default=60.0, show_default=True, type=click.FloatRange(1, 2_000), help="Events a second.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another story.")
@json_option
@click.pass_context
def command(
    context: click.Context, seconds: float | None, data: Path | None, people: int, rate: float, seed: int, *, as_json: bool
) -> None:
    """Start everything with simulated shoppers, and watch people enter and leave.

    A real Kafka, a real Redis, the real collector, worker and sender, the definitions of examples/demo, and a receiver that checks
    every signature. At the end it says whether everything adds up; exit 0 only if it does and somebody left because time passed.
    """
    from stream.cli.demo.show import Plan, definitions_folder  # noqa: PLC0415 - the command's help needs none of it

    definitions_folder()
    screen = _screen(as_json=as_json)
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ebbtide-demo-")))
        good = _run(context, Plan(folder.absolute(), seconds, people, rate, seed), screen, as_json=as_json)
    if not good:
        raise SystemExit(1)


def _run(context: click.Context, plan: Plan, screen: Screen, *, as_json: bool) -> bool:
    from stream.cli.demo.balance import as_json as summary_as_json  # noqa: PLC0415 - as above
    from stream.cli.demo.show import ENVIRONMENT, new_secret, show  # noqa: PLC0415
    from stream.cli.demo.summary import summary  # noqa: PLC0415
    from stream.cli.up.machine import Wanted, machine  # noqa: PLC0415

    secret = new_secret()
    try:
        with machine(context, Wanted(plan.folder), screen.say, {**ENVIRONMENT, "EBBTIDE_DEMO_SECRET": secret}) as found:
            ended = run(show(found, plan, screen, secret))
    finally:
        screen.close()
    if ended is None:
        return plan.seconds is None
    balance, story, seconds = ended
    if as_json:
        print_json(summary_as_json(balance, story, seconds))
    else:
        out = console()
        out.print()
        out.print(summary(balance, story, seconds))
        for fault in balance.faults():
            out.print(f"This does not hold: {fault}.")
    return balance.good or (plan.seconds is None and balance.adds_up)


def _screen(*, as_json: bool) -> Screen:
    from stream.cli.demo.screen import LineScreen, LiveScreen, SilentScreen  # noqa: PLC0415 - as above

    if as_json:
        return SilentScreen(console(error=True))
    out = console()
    return LiveScreen(out) if out.is_terminal else LineScreen(out)
