"""Whether an event is as its source says: what is told of it, what is learnt, and whom it does not concern."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.conformity import TOLD_MAX, Conformity, Violations, compiled
from schemas.definitions.source_model import EventSchemas, Source
from schemas.errors import Misconfigured
from tests.unit.schemas.definitions.reading import read

ORDER = "{type: object, required: [total], properties: {total: {type: number, minimum: 0}, code: {pattern: '^[a-z]+$'}}}"


class Memory:
    """Types as they are seen."""

    def __init__(self) -> None:
        self.types: dict[tuple[str, str, str], dict[str, str]] = {}

    def of(self, source: str, name: str, root: str) -> dict[str, str]:
        return self.types.get((source, name, root), {})

    def learn(self, source: str, name: str, root: str, types: dict[str, str]) -> None:
        self.types.setdefault((source, name, root), {}).update(types)


def conformity(said: str, memory: Memory | None = None) -> Conformity:
    return Conformity(read(f"sources: [{{id: web, kind: web, schemas: {{{said}}}}}, {{id: app, kind: app}}]").sources, memory)


def event(name: str = "bought", *, source: str = "web", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "source": source, "properties": {}, "traits": {}, "context": {}, **fields}


def bought(**properties: Any) -> dict[str, Any]:
    return event(properties=properties)


def test_what_a_schema_does_not_allow_is_told_with_its_place_and_never_its_value() -> None:
    given = bought(total="secret", code="SECRET")
    found = conformity(f"events: {{bought: {ORDER}}}").judge(given)
    texts = ['properties.total: the value is not of type "number"', 'properties.code: the value does not match "^[a-z]+$"']

    assert found is not None
    assert (found.kind, sorted(found.texts), found.refused) == ("schema", sorted(texts), False)
    assert given["context"] == {"violations": found.texts}


def test_what_is_missing_is_told_at_the_map_it_is_missing_from() -> None:
    found = conformity(f"events: {{bought: {ORDER}}}").judge(bought())
    assert found == Violations("schema", ['properties: "total" is a required property'], refused=False)


def test_what_is_as_the_schema_says_is_left_as_it_is() -> None:
    given = bought(total=3, code="ab", more=[1])
    assert conformity(f"events: {{bought: {ORDER}}}").judge(given) is None
    assert given == bought(total=3, code="ab", more=[1])


def test_a_schema_of_identify_describes_traits() -> None:
    given = event(type="identify", traits={"age": "forty"}, properties={"age": 1})
    found = conformity("events: {$identify: {properties: {age: {type: integer}}}}").judge(given)
    assert found is not None
    assert found.texts == ['traits.age: the value is not of type "integer"']


def test_no_more_is_told_than_is_of_use() -> None:
    found = conformity("events: {bought: {additionalProperties: {type: number}}}").judge(bought(**{f"p{n}": "x" for n in range(50)}))
    assert found is not None
    assert len(found.texts) == TOLD_MAX
    long = conformity("events: {bought: {additionalProperties: {type: number}}}").judge(bought(**{"p" * 5_000: "x"}))
    assert long is not None
    assert [len(text) for text in long.texts] == [200]


def test_places_in_lists_have_their_number() -> None:
    found = conformity("events: {bought: {properties: {items: {items: {type: number}}}}}").judge(bought(items=[1, "x"]))
    assert found is not None
    assert found.texts == ['properties.items[1]: the value is not of type "number"']


def test_what_no_json_can_hold_is_told_and_breaks_nothing() -> None:
    found = conformity(f"events: {{bought: {ORDER}}}").judge(bought(total=1, code="\ud800"))
    assert found == Violations("schema", ["properties: holds what is no JSON"], refused=False)


def test_the_source_says_what_becomes_of_it() -> None:
    found = conformity(f"otherwise: refuse, events: {{bought: {ORDER}}}").judge(bought())
    assert found is not None
    assert found.refused


def test_the_first_type_of_a_property_is_the_one_it_keeps() -> None:
    memory = Memory()
    rules = conformity("infer: true", memory)
    values = {"text": "a", "number": 1.5, "flag": True, "items": [1], "cart": {"n": 1}}
    assert rules.judge(bought(**values)) is None
    assert memory.types == {
        ("web", "bought", "properties"): {
            "text": "text",
            "number": "number",
            "flag": "boolean",
            "items": "list",
            "cart": "map",
        }
    }
    assert rules.judge(bought(text="b", number=2, flag=False, items=[], cart={})) is None
    given = bought(text=1, number="1", flag=0, items={}, cart=[])
    found = rules.judge(given)
    assert found is not None
    assert found.kind == "type"
    assert given["context"]["violations"] == [
        "properties.text: a number, at first a text",
        "properties.number: a text, at first a number",
        "properties.flag: a number, at first a boolean",
        "properties.items: a map, at first a list",
        "properties.cart: a list, at first a map",
    ]


def test_each_event_has_types_of_its_own_and_traits_too() -> None:
    rules = conformity("infer: true", Memory())
    assert rules.judge(bought(n=1)) is None
    assert rules.judge(event("seen", properties={"n": "x"})) is None
    assert rules.judge(event(type="identify", traits={"n": "x"})) is None
    found = rules.judge(event(type="identify", traits={"n": 1}))
    assert found is not None
    assert found.texts == ["traits.n: a number, at first a text"]


def test_null_is_no_type() -> None:
    rules = conformity("infer: true", Memory())
    assert [rules.judge(bought(n=value)) for value in (None, 1, None)] == [None] * 3


def test_an_event_that_is_refused_teaches_nothing_and_one_that_is_kept_does() -> None:
    for otherwise, learnt in (("refuse", None), ("keep", "number")):
        memory = Memory()
        rules = conformity(f"infer: true, otherwise: {otherwise}", memory)
        assert rules.judge(bought(n=1)) is None
        assert rules.judge(bought(n="x", new=1)) is not None
        assert memory.of("web", "bought", "properties").get("new") == learnt


def test_a_schema_stands_in_the_place_of_first_types() -> None:
    memory = Memory()
    rules = conformity(f"infer: true, events: {{bought: {ORDER}}}", memory)
    assert rules.judge(bought(total=1, n=1)) is None
    assert rules.judge(bought(total=1, n="x")) is None
    assert memory.types == {}


def test_names_too_long_to_keep_are_not_learnt_and_only_so_much_is_told() -> None:
    memory = Memory()
    rules = conformity("infer: true", memory)
    assert rules.judge(event("e" * 101, properties={"n": 1})) is None
    assert rules.judge(bought(**{"p" * 101: 1})) is None
    assert memory.types == {}
    many = {f"p{number}": 1 for number in range(30)}
    assert rules.judge(bought(**many)) is None
    found = rules.judge(bought(**dict.fromkeys(many, "x")))
    assert found is not None
    assert len(found.texts) == TOLD_MAX


def test_no_client_can_write_the_label_where_something_is_asked() -> None:
    rules = conformity("infer: true", Memory())
    given, other = (event(source=source, context={"violations": ["mine"]}) for source in ("web", "app"))
    assert (rules.judge(given), rules.judge(other)) == (None, None)
    assert (given["context"], other["context"]) == ({}, {"violations": ["mine"]})


def test_where_nothing_is_said_nothing_is_asked() -> None:
    assert conformity("infer: false", Memory()).is_empty
    assert conformity("infer: true").is_empty
    only = conformity(f"infer: true, events: {{bought: {ORDER}}}")
    assert not only.is_empty
    assert only.judge(event("seen", properties={"n": 1})) is None


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "nope"}, "(at type)"),
        ({"properties": {"a": {"anyOf": [{"pattern": "("}]}}}, "(at properties.a.anyOf[0].pattern)"),
        ({"$ref": "https://schemas.example/order.json"}, "Retrieval is disabled"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "regex"),
    ],
)
def test_a_schema_that_cannot_be_asked_is_none(schema: dict[str, Any], told: str) -> None:
    with pytest.raises(Misconfigured, match=told.replace("(", r"\(").replace(")", r"\)").replace("[", r"\[")):
        compiled(schema)


def test_a_schema_that_leads_to_itself_ends() -> None:
    assert compiled({"$ref": "#"}).is_valid({"a": 1})


def test_a_source_with_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(Misconfigured):
        Conformity([Source("web", "web", schemas=EventSchemas({"bought": '{"type":"nope"}'}))])
