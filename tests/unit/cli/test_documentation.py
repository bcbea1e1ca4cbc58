from __future__ import annotations

from stream.cli.app import COMMANDS
from stream.cli.documentation import PAGE, main, page


def test_the_page_of_commands_is_current() -> None:
    assert main(["--check"]) == 0, "run python -m stream.cli.documentation"
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_command_has_its_place() -> None:
    assert [name for name in COMMANDS if f"## ebbtide {name}\n" not in page()] == []
