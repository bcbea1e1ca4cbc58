"""What people see: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stream.cli.demo.story import Row, Story
from stream.cli.output import number, plain

if TYPE_CHECKING:
    from stream.cli.demo.traffic import Answers

_REFRESH_PER_SECOND: Final = 8
_OTHER_LINES: Final = 10
_FEWEST_ROWS: Final = 5
_WIDE: Final = 130
_GOOD: Final = "✓"
_BAD: Final = "✗"


class Screen(Protocol):
    """Where the demo shows itself."""

    def say(self, text: str) -> None:
        """Progress while things start and stop."""
        ...

    def show(self, row: Row) -> None:
        """A transition, its reason known."""
        ...

    def live(self, story: Story, answers: Callable[[], Answers], title: str) -> AbstractContextManager[Any]:
        """Shown while shoppers shop."""
        ...

    def close(self) -> None:
        """Nothing more will be said."""
        ...


class LineScreen:
    """One line each, for pipes and logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """See Screen."""
        self._console.print(text, soft_wrap=True)

    def show(self, row: Row) -> None:
        """See Screen."""
        way = "entered" if row.entered else "left   "
        late = f" (+{row.late_ms} ms)" if row.cause == "time" else ""
        leaves = f"; leaves at {clock(row.leaves_at_ms)}" if row.leaves_at_ms is not None else ""
        text = f"{clock(row.at_ms)} {plain(row.person)} {way} {row.segment}: {plain(row.reason)}{leaves}{late}"
        self._console.print(text, soft_wrap=True)

    def live(self, story: Story, answers: Callable[[], Answers], title: str) -> AbstractContextManager[Any]:  # noqa: ARG002 - the port's signature
        """See Screen."""
        return nullcontext()

    def close(self) -> None:
        """See Screen."""


class SilentScreen:
    """Progress only, on stderr: what stdout gets is the summary as JSON."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """See Screen."""
        self._console.print(text, soft_wrap=True)

    def show(self, row: Row) -> None:
        """See Screen."""

    def live(self, story: Story, answers: Callable[[], Answers], title: str) -> AbstractContextManager[Any]:  # noqa: ARG002 - the port's signature
        """See Screen."""
        return nullcontext()

    def close(self) -> None:
        """See Screen."""


class LiveScreen:
    """A spinner while things start, then a table of the latest transitions under a line of figures."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("", spinner="dots")
        self._said = ""

    def say(self, text: str) -> None:
        """See Screen. What was said last stands beside the spinner, what came before above it."""
        self._print_last()
        self._said = text
        self._status.update(Text(text))
        self._status.start()

    def show(self, row: Row) -> None:
        """See Screen."""

    def live(self, story: Story, answers: Callable[[], Answers], title: str) -> AbstractContextManager[Any]:
        """See Screen."""
        self.close()
        view = _View(self._console, story, answers, title)
        return Live(view, console=self._console, refresh_per_second=_REFRESH_PER_SECOND, vertical_overflow="crop", transient=True)

    def close(self) -> None:
        """See Screen."""
        self._status.stop()
        self._print_last()

    def _print_last(self) -> None:
        if self._said:
            self._console.print(Text(f"  {self._said}", style="dim"))
        self._said = ""


class _View:
    """Drawn anew at each refresh."""

    def __init__(self, console: Console, story: Story, answers: Callable[[], Answers], title: str) -> None:
        self._console = console
        self._story = story
        self._answers = answers
        self._title = title
        self._began = time.monotonic()

    def __rich__(self) -> Group:
        rows = max(_FEWEST_ROWS, self._console.height - _OTHER_LINES)
        latest = list(self._story.rows)[-rows:]
        return Group(self._head(), Text(), self._table(latest), Text(), Text(self._title, style="dim"))

    def _head(self) -> Table:
        story, answers = self._story, self._answers()
        seconds = int(time.monotonic() - self._began)
        head = Table.grid(padding=(0, 3))
        timed = len(story.exit_lateness_ms)
        cells = (
            (f"{seconds // 60:02d}:{seconds % 60:02d}", "ebbtide demo"),
            (number(answers.accepted), "events accepted"),
            (number(len(story.people)), "people"),
            (number(story.entered), "entered"),
            (number(story.received - story.entered), "left"),
            (number(timed), "of them by time"),
            (f"{story.quantile_ms(0.5)} / {story.quantile_ms(0.99)} ms", "late, p50 / p99"),
        )
        head.add_row(*(Text(value, style="bold cyan") for value, _ in cells))
        head.add_row(*(Text(name, style="dim") for _, name in cells))
        return head

    def _table(self, rows: list[Row]) -> Table:
        made = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, expand=True)
        made.add_column("time", no_wrap=True)
        made.add_column("person", no_wrap=True, max_width=18)
        made.add_column("", no_wrap=True, width=9)
        made.add_column("segment", no_wrap=True)
        made.add_column("why", ratio=1, no_wrap=True, overflow="ellipsis")
        wide = self._console.width >= _WIDE
        made.add_column("leaves if nothing happens" if wide else "leaves", justify="right", no_wrap=True)
        made.add_column("late", justify="right", no_wrap=True)
        now_ms = time.time_ns() // 1_000_000
        for row in rows:
            made.add_row(*_cells(row, now_ms, wide=wide))
        return made


def _cells(row: Row, now_ms: int, *, wide: bool) -> tuple[Text, ...]:
    way = Text("→ entered", style="green") if row.entered else Text("← left", style="yellow" if row.cause == "time" else "red")
    by_time = row.cause == "time"
    return (
        Text(clock(row.at_ms) if wide else clock(row.at_ms)[:8], style="dim"),
        Text(plain(row.person).partition(":")[2], style="bold"),
        way,
        Text(row.segment),
        Text(plain(row.reason), style="yellow" if by_time else ""),
        Text(_leaves(row.leaves_at_ms, now_ms, wide=wide), style="dim"),
        Text(f"+{row.late_ms} ms" if by_time else "", style="cyan"),
    )


def _leaves(leaves_at_ms: int | None, now_ms: int, *, wide: bool) -> str:
    if leaves_at_ms is None:
        return ""
    left = (leaves_at_ms - now_ms) / 1000
    if not 0 < left < 3600:
        return clock(leaves_at_ms) if wide else ""
    return f"{clock(leaves_at_ms)}, in {left:4.1f} s" if wide else f"in {left:.1f} s"


def clock(milliseconds: int) -> str:
    """The local time of day with milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000).strftime("%H:%M:%S.") + f"{milliseconds % 1000:03d}"  # noqa: DTZ006 - for the eye


def sign(*, good: bool) -> Text:
    """A tick or a cross."""
    return Text(_GOOD, style="bold green") if good else Text(_BAD, style="bold red")
