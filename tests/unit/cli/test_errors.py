"""Errors in words, with the right exit code, and without a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.definitions.fault import Fault
from schemas.errors import DefinitionFaults, Fenced, Misconfigured, Unavailable
from stream.cli.app import app
from stream.cli.errors import Failed, exit_code, in_words

CLOSED = {"EBBTIDE_KAFKA": "127.0.0.1:1", "EBBTIDE_REDIS": "redis://127.0.0.1:1/0"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DefinitionFaults(()), 1),
        (Misconfigured("x"), 2),
        (Unavailable("x"), 1),
        (Fenced("x"), 1),
        (Failed("x"), 1),
        (ValueError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


def test_faults_stand_one_a_line_with_their_place() -> None:
    faults = (Fault("a.yaml", 3, "tags[0].id", "9", "a text"), Fault("b.yaml", 1, "", "x", "y"))

    assert in_words(DefinitionFaults(faults)).splitlines() == [
        "a.yaml:3: tags[0].id: found 9, expected a text",
        "b.yaml:1: found x, expected y",
        "2 faults: nothing was applied",
    ]


def test_what_is_not_foreseen_names_the_way_to_know_more() -> None:
    assert "EBBTIDE_LOG_LEVEL=debug" in in_words(ValueError("x"))


@pytest.mark.parametrize("arguments", [["topics"], ["person", "u1"], ["members", "s"], ["transitions"], ["events", "--json"]])
def test_a_broker_that_is_away_is_told_in_two_lines(arguments: list[str]) -> None:
    told = CliRunner().invoke(app, arguments, env=CLOSED)

    assert told.exit_code == 1
    assert 1 <= len(told.stderr.strip().splitlines()) <= 2
    assert "Traceback" not in told.output
    assert "127.0.0.1:1" in told.stderr


def test_the_traceback_is_there_for_who_asks_for_it() -> None:
    told = CliRunner().invoke(app, ["topics"], env={**CLOSED, "EBBTIDE_LOG_LEVEL": "debug"})

    assert told.exit_code == 1
    assert "Traceback" in told.stderr


def test_a_wrong_setting_is_wrong_use_and_named() -> None:
    told = CliRunner().invoke(app, ["topics"], env={"EBBTIDE_PARTITIONS": "many"})

    assert told.exit_code == 2
    assert "EBBTIDE_PARTITIONS" in told.stderr


def test_a_wrong_definition_is_told_with_file_and_line_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("tags:\n  - {id: 9}\n", encoding="utf-8")

    told = CliRunner().invoke(app, ["apply", str(tmp_path)], env=CLOSED)

    assert told.exit_code == 1
    assert f"{tmp_path / 'a.yaml'}:2" in told.stderr
