"""What the page of links shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from stream.cli.app import app

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "sources" / "links.md").read_text(encoding="utf-8")


def block(head: str) -> str:
    (found,) = re.findall(rf"```{head}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_command_prints_the_link_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(block("yaml"), encoding="utf-8")
    setting, command = block("sh link").splitlines()
    name, _, secret = setting.removeprefix("export ").partition("=")
    monkeypatch.setenv(name, secret)

    told = CliRunner().invoke(app, [*shlex.split(command)[1:], "--definitions", str(tmp_path)])
    assert (told.exit_code, told.output) == (0, block("text"))
