"""Writes docs/commands.md from the commands' own help: one place, no page that lags behind.

``python -m stream.cli.documentation`` writes; with ``--check`` it only tells whether the page is current, and exits 1 if not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from stream.cli.app import app

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
_HEAD: Final = """<!-- Written by `python -m stream.cli.documentation`; edit the command's help, not this page. -->

# Commands

Every command that prints takes `--json`: one object a line. Exit codes: 0 done, 1 failed, 2 wrong use or wrong settings. An error is one
or two plain lines on stderr; with `EBBTIDE_LOG_LEVEL=debug` the traceback comes first. Where broker and store are is a matter of
[settings](settings.md).
"""


def page() -> str:
    """The whole page."""
    context = click.Context(app, info_name="ebbtide")
    parts = [_HEAD]
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        assert command is not None
        parts += _command(command, f"ebbtide {name}", context, "##")
    return "\n".join(parts)


def _command(command: click.Command, path: str, parent: click.Context, level: str) -> Iterator[str]:
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    usage = " ".join([path, *(piece for piece in command.collect_usage_pieces(context) if piece)])
    yield f"{level} {path}\n\n{_text(command.help)}\n\n```\n{usage}\n```\n"
    rows = [row for parameter in command.get_params(context) if (row := _option(parameter, context)) is not None]
    yield "\n".join(["| option | what it does |", "| --- | --- |", *rows]) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, f"{path} {name}", context, f"{level}#")


def _option(parameter: click.Parameter, context: click.Context) -> str | None:
    record = parameter.get_help_record(context)
    if record is None or "--help" in record[0]:
        return None
    names, words = (" ".join(cell.split()).replace("|", "\\|") for cell in record)
    return f"| `{names}` | {words} |"


def _text(text: str | None) -> str:
    return "\n".join(line.strip() for line in (text or "").strip().splitlines())


def main(arguments: Sequence[str]) -> int:
    """Write or check; the exit code."""
    if "--check" in arguments:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
