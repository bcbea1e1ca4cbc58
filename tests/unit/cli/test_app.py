"""The front door: every command is there, says what it does, and is loaded only when it is called."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from stream.cli.app import COMMANDS, app


def test_help_names_every_command_with_what_it_does() -> None:
    told = CliRunner().invoke(app, ["--help"])

    assert told.exit_code == 0
    words = " ".join(told.output.split())
    assert [name for name, (_, text) in COMMANDS.items() if f"{name} {text}" not in words] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_own_help_begins_as_the_list_says(name: str) -> None:
    told = CliRunner().invoke(app, [name, "--help"])

    assert told.exit_code == 0
    assert COMMANDS[name][1] in " ".join(told.output.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_prints_speaks_json(name: str) -> None:
    command = app.get_command(click.Context(app), name)

    assert command is not None
    # A group that prints nothing by itself speaks through its commands.
    speaks = list(command.commands.values()) if isinstance(command, click.Group) and not command.invoke_without_command else [command]
    assert speaks
    for one in speaks:
        assert "as_json" in {parameter.name for parameter in one.params}


def test_help_loads_nothing_heavy() -> None:
    script = "import sys; from stream.cli.app import app; app(['--help'], standalone_mode=False); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    loaded = set(done.stderr.split())
    assert not loaded & {"pydantic", "aiokafka", "faust", "redis", "rich", "aiohttp", "uvloop", "numpy", "asyncio"}


@pytest.mark.parametrize("arguments", [["nonsense"], ["person"], ["plan", "/does/not/exist"], ["members", "s", "--export", "x.txt"]])
def test_wrong_use_exits_with_two_and_says_what_is_meant(arguments: list[str]) -> None:
    told = CliRunner().invoke(app, arguments)

    assert told.exit_code == 2
    assert "Usage:" in told.output
