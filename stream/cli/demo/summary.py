"""The closing lines: what was promised, and whether it held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stream.cli.demo.screen import sign
from stream.cli.output import number

if TYPE_CHECKING:
    from stream.cli.demo.balance import Balance
    from stream.cli.demo.story import Story


def summary(balance: Balance, story: Story, seconds: float) -> Table:
    """A tick or a cross for each promise, with its numbers."""
    made = Table.grid(padding=(0, 1))
    made.title = f"{seconds:.0f} seconds, {number(len(story.people))} people"
    made.title_justify, made.title_style = "left", "bold"
    made.add_row(sign(good=balance.events_add_up), _events(balance))
    made.add_row(sign(good=balance.transitions_add_up), _transitions(balance))
    made.add_row(sign(good=balance.timed_exit_seen), _timed(balance, story))
    return made


def _events(balance: Balance) -> Text:
    counted, answers = balance.counted, balance.answers
    equal = "=" if balance.events_add_up else "≠"
    text = (
        f"events accepted {number(answers.accepted)} {equal} applied {number(counted.applied)}"
        f" + repeats {number(counted.duplicates)} + dead-lettered {number(counted.dead_letters)}"
    )
    unanswered = f" ({number(answers.unanswered)} more were not answered)" if answers.unanswered else ""
    refused = f" ({number(answers.refused)} more were refused)" if answers.refused else ""
    return Text(text + unanswered + refused)


def _transitions(balance: Balance) -> Text:
    equal = "=" if balance.transitions_add_up else "≠"
    again = f", {number(balance.repeats)} of them sent twice" if balance.repeats else ", none twice"
    return Text(
        f"transitions published {number(balance.counted.transitions)} {equal} webhooks received {number(balance.received)}"
        f" with good signatures{again}; bad signatures {number(balance.bad_signatures)}"
    )


def _timed(balance: Balance, story: Story) -> Text:
    if not balance.timed_exit_seen:
        return Text("nobody left because time passed: let it run longer")
    most = max(story.exit_lateness_ms)
    return Text(
        f"timed exits {number(balance.timed_exits)}: people left because time passed; the webhook was here"
        f" p50 {story.quantile_ms(0.5)} ms, p99 {story.quantile_ms(0.99)} ms, at most {most} ms after the stated time"
    )
