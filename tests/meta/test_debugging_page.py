"""What the page on debugging names exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click
import pytest

from collectors.debugging import debugging
from schemas.rejection import BY_CODE
from stream.cli.app import app
from stream.runtime.settings import Settings
from stream.runtime.settings_reading import variables_of

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "debugging.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", [line for line in PAGE.splitlines() if line.startswith("ebbtide ")])
def test_the_commands_of_the_page_have_their_options(line: str) -> None:
    words = line.partition("#")[0].split()[1:]
    command = app.get_command(click.Context(app), words[0])
    if isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words[1])

    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_settings_path_and_reasons_of_the_page_are_known() -> None:
    assert debugging.PATH.decode() in PAGE
    assert set(re.findall(r"EBBTIDE_[A-Z_]+", PAGE)) <= {each.name for each in variables_of(Settings)}
    assert set(re.findall(r'"reason":"([a-z-]+)"', PAGE)) <= BY_CODE.keys()
