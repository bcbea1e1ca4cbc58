"""The part of the table of the language that is about the quality of data."""

from __future__ import annotations

from typing import Final, get_args

from schemas.definitions.language import FLAG, ID, NUMBER, PATH, TEXT, Key, Schema, Shape, list_of, ref
from schemas.definitions.quality_model import Otherwise

VERIFIED: Final = ("phone", "email", "url", "date", "ip", "uuid")
VALUE_TYPES: Final = ("text", "number", "whole", "boolean", "list", "map")
OTHERWISE: Final[tuple[str, ...]] = get_args(Otherwise)
BOUNDS: Final = ("gt", "gte", "lt", "lte")
COMPARED_FIELDS: Final = ("name", "phone", "email", "city", "birthday")
PERSON_PATTERN: Final = r"^[^:]+:.+$"
REGION_PATTERN: Final = r"^[A-Z]{2}$"

_REGION: Final = Key({"type": "string", "pattern": REGION_PATTERN}, "the country, such as CN, of phone numbers that do not begin with +")
_PATHS: Final[Schema] = {"anyOf": [TEXT, list_of(TEXT, 1)]}

QUALITY: Final = Shape(
    "quality",
    {
        "checks": Key(list_of(ref("check")), "what is asked of values as they come in, in this order"),
        "decoys": Key(list_of(ref("decoy")), "planted people who do not exist; an alert is raised when a sender reaches one"),
        "duplicates": Key(ref("duplicates"), "how `ebbtide duplicates` looks for people who are there twice; in one file only"),
    },
)
CHECK: Final = Shape(
    "check",
    {
        "id": Key(ID, "the check's id", required=True),
        "path": Key(
            PATH, "where in the event the value stands: properties, traits or context; a missing or null value is not asked", required=True
        ),
        "sources": Key(list_of(ID), "only events of these sources; all unless said"),
        "events": Key(list_of(TEXT), "only events of these names; all unless said"),
        "canonical": Key(ref("canonical"), "makes values that mean the same equal"),
        "type": Key({"enum": list(VALUE_TYPES)}, "of which type the value is"),
        "verify": Key({"enum": list(VERIFIED)}, "as what the text can be used"),
        "region": _REGION,
        "rewrite": Key(FLAG, "what verify found right is written in its one form; false unless said"),
        "range": Key(ref("range"), "between which bounds the number lies"),
        "enum": Key({"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}, "the values there are"),
        "otherwise": Key(
            {"enum": list(OTHERWISE)},
            "keep: `context.quality` tells it; drop: the value is left out, too; refuse: the event; keep unless said",
        ),
    },
)
CANONICAL: Final = Shape(
    "canonical",
    {
        "map": Key(
            {"type": "object", "properties": {}, "additionalProperties": TEXT, "minProperties": 1},
            "text as met (capitals, width and outer blanks do not matter) → the text written for it",
        ),
        "unit": Key(TEXT, "the unit in which the number is written"),
        "from": Key(
            {"type": "object", "properties": {}, "additionalProperties": NUMBER, "minProperties": 1},
            "another unit → what one of it is in the unit",
        ),
    },
    least=1,
)
RANGE: Final = Shape("range", {name: Key(NUMBER, f"the number is {name} this") for name in BOUNDS}, least=1)
DECOY: Final = Shape(
    "decoy",
    {
        "id": Key({"type": "string", "pattern": PERSON_PATTERN}, "the person, such as user:decoy-1", required=True),
        "note": Key({"type": "string"}, "where it was planted, for whoever gets the alert"),
        "block": Key(FLAG, "sends nothing to it; false unless said, for a sent message is the bait"),
    },
)
DUPLICATES: Final = Shape(
    "duplicates",
    {
        **{
            name: Key(_PATHS, f"where in the traits the {name} stands; a list: the first that is there; `a+b` joins")
            for name in COMPARED_FIELDS
        },
        "block_by": Key(list_of(TEXT, 1), "only people who agree in one of these are compared, such as `name+city`"),
        "region": _REGION,
        "at_least": Key({"type": "number"}, "the least score of a pair that is reported, above 0 and below 1; 0.95 unless said"),
    },
)
QUALITY_SHAPES: Final = (QUALITY, CHECK, CANONICAL, RANGE, DECOY, DUPLICATES)
