"""`ebbtide schema` prints what the package ships."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from schemas.published import SCHEMAS, schema_text
from stream.cli.app import app


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_printed_as_its_file_has_it_or_in_one_line(name: str) -> None:
    told = CliRunner().invoke(app, ["schema", name])
    assert (told.exit_code, told.output) == (0, schema_text(name))

    told = CliRunner().invoke(app, ["schema", name, "--json"])
    assert told.exit_code == 0
    assert json.loads(told.output) == json.loads(schema_text(name))
    assert told.output.count("\n") == 1


def test_another_name_is_wrong_use_and_hears_the_names() -> None:
    told = CliRunner().invoke(app, ["schema", "event"])
    assert told.exit_code == 2
    assert "events" in told.output
