"""Every example of the pages about the language happens as its table says, to the millisecond: in the engine, and in the oracle too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from schemas.definitions.bundle import next_bundle
from schemas.definitions.language import AT_MOST, RULE, SEGMENT, SETTINGS, TAG, WEIGHT, Shape
from schemas.definitions.model import Bundle
from schemas.definitions.node_shapes import NODE_SHAPES, NODES
from schemas.definitions.parse import parse_files
from schemas.definitions.view import View
from schemas.definitions.yaml_nodes import read_yaml
from schemas.errors import DefinitionFaults
from schemas.event_schema import event_schema
from schemas.transition_schema import transition_schema
from tests.meta.told import SILENT, Example, Happening, examples, read_at, write_at
from tests.oracle.partition import run_partition
from tests.property.driver import Driver, Place, Step
from tests.property.verdict import differences
from tests.unit.schemas.definitions.reading import valid as valid_definitions
from tests.unit.schemas.definitions.validator import is_valid

PAGES: Final = ("language.md", "cookbook.md")
EXAMPLES: Final = [pytest.param(each, id=f"{page}: {each.name}") for page in PAGES for each in examples(page)]
EVENTS: Final = event_schema()
TRANSITIONS: Final = transition_schema()
NOT_YET: Final = "This version does not read it yet."
ONE_BY_ONE: Final = (Step("read"), Step("sweep"), Step("reopen")) * 60


def bundles_of(example: Example) -> dict[int, Bundle]:
    bundles = {0: Bundle()}
    for version, text in enumerate(example.sets, start=1):
        bundles[version] = next_bundle(bundles[version - 1], parse_files({"page.yaml": text}))
    return bundles


def seen(example: Example, record: dict[str, Any]) -> Happening:
    """A published transition as far as the example's table tells of it."""
    data = record["data"]
    return Happening(
        read_at(record["timestamp"]),
        data["person"].removeprefix("user:"),
        record["type"].removeprefix("segment.").replace("entered", "enters").replace("left", "leaves"),
        data["segment"],
        data["cause"] + (SILENT if data.get("silent") else ""),
        read_at(data["leavesAt"]) if example.asks("leaves at") and "leavesAt" in data else None,
        data.get("traits") if example.asks("carries") else None,
    )


def in_order(happenings: list[Happening]) -> list[Happening]:
    """By time and person; what happens to one person at one time stays in the order in which it is published."""
    return sorted(happenings, key=lambda each: (each.at, each.who))


def words(happenings: list[Happening]) -> list[str]:
    return [f"{write_at(each.at)} {each.who} {each.way} {each.segment} {each.cause} {each.leaves_at} {each.carries}" for each in happenings]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_happens_as_its_table_says(example: Example) -> None:
    if refused := refusals(example):
        pytest.skip(refused)
    bundles, log = bundles_of(example), example.records()
    whole = Driver(log, bundles, Place()).run(())

    assert words(in_order([seen(example, each) for each in whole.topics.transitions])) == words(in_order(example.expected()))


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_happens_alike_record_by_record_and_in_the_oracle(example: Example) -> None:
    if refused := refusals(example):
        pytest.skip(refused)
    bundles, log = bundles_of(example), example.records()
    expected = run_partition(log, partition=0, partitions=1, bundles=bundles)

    for steps in ((), ONE_BY_ONE):
        assert differences(expected, Driver(log, bundles, Place()).run(steps), bundles) == []


def refusals(example: Example) -> str:
    """What this version does not read yet of an example: only words of the language that are told as such may stand on a page before."""
    try:
        bundles_of(example)
    except DefinitionFaults as error:
        told = [str(fault) for fault in error.faults]
        assert all("not supported by this version yet" in each for each in told), told
        return told[0]
    return ""


@pytest.mark.parametrize("example", EXAMPLES)
def test_definitions_events_and_transitions_of_an_example_hold_under_their_schemas(example: Example) -> None:
    assert all(map(valid_definitions, example.sets))
    bodies = [json.loads(raw.value or b"") for raw in example.records() if not raw.headers]
    assert [body for body in bodies if not is_valid(body, EVENTS, EVENTS)] == []
    if not refusals(example):
        published = Driver(example.records(), bundles_of(example), Place()).run(()).topics.transitions
        assert [each for each in published if not is_valid(each, TRANSITIONS, TRANSITIONS)] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_section_says_just_then_that_this_version_does_not_read_it(example: Example) -> None:
    assert (NOT_YET in example.text) is bool(refusals(example))


@pytest.mark.parametrize("page", PAGES)
def test_an_example_s_rows_stand_in_order_of_time(page: str) -> None:
    for example in examples(page):
        times = [read_at(row["at"]) for row in example.rows]
        assert times == sorted(times), example.name


def keys(value: Any) -> Iterator[str]:
    """Every key of every map in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def keys_told() -> set[str]:
    """The keys in the definitions of all examples of the page of the language."""
    documents = [read_yaml(text) for each in examples("language.md") for text in each.sets]
    return {key for document in documents if document is not None for key in keys(View(document, "page.yaml", "", []).plain())}


def test_every_node_of_the_language_has_an_example() -> None:
    assert set(NODES) - keys_told() == set()


@pytest.mark.parametrize("shape", [SETTINGS, TAG, RULE, WEIGHT, SEGMENT, AT_MOST, *NODE_SHAPES], ids=lambda shape: shape.name)
def test_every_key_of_the_language_has_an_example(shape: Shape) -> None:
    assert set(shape.keys) - keys_told() == set()


def test_every_unit_of_the_calendar_is_told() -> None:
    text = "\n".join(text for each in examples("language.md") for text in each.sets)
    assert set(re.findall(r"unit: (\w+)", text)) == {"hour", "day", "week", "month", "quarter", "year"}
