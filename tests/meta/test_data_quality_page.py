"""What the page on data quality shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import click
import pytest

from collectors.inspection import inspection
from collectors.normalise import Arrival, normalise
from schemas.definitions.parse import parse_files
from schemas.definitions.quality_model import DuplicateSearch
from schemas.definitions.view import View
from schemas.definitions.yaml_nodes import read_yaml
from stream.cli.app import app
from stream.runtime.catalogue import sender

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "data-quality.md").read_text(encoding="utf-8")


def blocks(head: str) -> list[str]:
    return re.findall(rf"```{head}\n(.*?)```", PAGE, re.DOTALL)


def test_the_call_is_published_as_the_page_shows() -> None:
    (call,), (event,) = ([json.loads(block) for block in blocks(f"json {name}")] for name in ("call", "event"))
    rules = parse_files({"a.yaml": blocks("yaml")[0]}).quality
    arrival = Arrival(1_764_000_000_000, "shop-web", "segment", inspect=inspection(rules, lambda *_: None))

    _, published = normalise(call, call["type"], None, arrival)
    assert {name: json.loads(published)[name] for name in event} == event


def test_what_may_be_left_out_of_the_search_is_what_the_page_says() -> None:
    said = parse_files({"a.yaml": blocks("yaml")[1]}).quality.duplicates
    usual = DuplicateSearch()
    assert (said.block_by, said.at_least, said.city) == (usual.block_by, usual.at_least, usual.city)
    assert usual.name == ("name", "firstName+lastName", "first_name+last_name")


@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines()])
def test_the_commands_of_the_page_have_their_options(line: str) -> None:
    name, *words = line.partition("#")[0].split()[1:]
    command = app.get_command(click.Context(app), name)

    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_alert_asks_for_a_metric_that_there_is() -> None:
    (alert,) = blocks("yaml alert")
    node = read_yaml(alert)
    assert node is not None
    (rule,) = View(node, "alert.yaml", "", []).plain()["groups"][0]["rules"]
    assert re.fullmatch(rf"increase\({sender.DECOYS_REACHED.name}\[\d+m\]\) > 0", rule["expr"])
