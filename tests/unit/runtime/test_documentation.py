from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from stream.runtime.documentation import _default_words, _table, _type_words, main, pages, stale
from stream.runtime.settings_reading import variables_of

if TYPE_CHECKING:
    from pathlib import Path


class Odd(BaseModel):
    mode: Literal["a", "b"] = Field("a", description="d")
    limit_bytes: int | None = Field(None, ge=1, lt=9, description="d")
    names: tuple[str, ...] = Field(("x", "y"), description="d")
    shares: dict[str, float] = Field(default_factory=dict, description="d")
    signing: SecretStr = Field(SecretStr("hush"), description="d")
    needed: bool = Field(description="d")
    on: bool = Field(True, description="d")


def test_pages_are_written_then_current_then_found_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path) == 1
    assert stale(tmp_path) == list(pages())
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "docs/metrics.md").write_text("old", encoding="utf-8")
    capsys.readouterr()
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == "docs/metrics.md is not current\n"
    assert (tmp_path / "docs/metrics.md").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("name", "kind", "default"),
    [
        ("mode", "`a` or `b`", "`a`"),
        ("limit_bytes", "whole number or nothing, bytes, ≥ 1, < 9", "none"),
        ("names", "list of text", "`x,y`"),
        ("shares", "JSON object", "none"),
        ("signing", "secret", "a secret"),
        ("needed", "true or false", "required"),
        ("on", "true or false", "`true`"),
    ],
)
def test_types_and_defaults_are_told_in_words(name: str, kind: str, default: str) -> None:
    variable = next(each for each in variables_of(Odd) if each.path == (name,))
    assert (_type_words(variable), _default_words(variable)) == (kind, default)


def test_a_bar_in_a_text_does_not_split_the_cell() -> None:
    assert _table(("a",), [("x|y\nz",)]).splitlines() == ["| a |", "| --- |", "| x\\|y z |"]
