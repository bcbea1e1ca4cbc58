"""The table of the language of definitions: what may stand where (nodes: ``node_shapes``). Checkers and JSON Schema both read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, get_args

from schemas.definitions.duration import DURATION_PATTERN
from schemas.definitions.identity_model import Joins, Normaliser
from schemas.definitions.model import NumberOperator, Operator
from schemas.definitions.source_model import SameSite
from schemas.event import WireEvent
from schemas.transition import Cause

Schema = dict[str, Any]

ID_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,63}$"
SHA256_PATTERN: Final = r"^[0-9a-fA-F]{64}$"
TARGET_PATTERN: Final = r"^https?://(\*\.)?[a-z0-9.-]+(:[0-9]{1,5})?$"
VARIABLE_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
PARAMETER_PATTERN: Final = r"^[A-Za-z0-9_.\[\]-]{1,64}$"
HOST_PATTERN: Final = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
ACCOUNT_PATTERN: Final = r"^[A-Za-z0-9_.-]{1,63}$"
OPERATORS: Final[tuple[str, ...]] = get_args(Operator)
NUMBER_OPERATORS: Final[tuple[str, ...]] = get_args(NumberOperator)
CAUSES: Final[tuple[str, ...]] = get_args(Cause)
EVENT_FIELDS: Final[tuple[str, ...]] = WireEvent.__struct_fields__
DIRECTIONS: Final = ("enter", "leave")
KINDS: Final = ("fact", "model", "strategy")
MOST_COUNTED_IN_A_WINDOW: Final = 1_024
MOST_VALUES: Final = 1_000
SCHEMA_SUFFIX: Final = ".schema.json"
MOST_OF_A_SOURCE: Final = 10**12
PURPOSE_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
UNLESS_SAID: Final = ("opt_in", "opt_out")
NAMESPACE_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_.-]{0,63}(:(\*|[A-Za-z0-9_.-]{1,63}))?$"
REGION_PATTERN: Final = r"^[A-Z]{2}$"
SAME_SITE: Final[tuple[str, ...]] = get_args(SameSite)
JOINS: Final[tuple[str, ...]] = get_args(Joins)
NORMALISERS: Final[tuple[str, ...]] = get_args(Normaliser)
MOST_IDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a map: the JSON Schema of its value, and a sentence for people."""

    schema: Schema
    help: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of map, with at least ``least`` keys. ``later`` are keys of the language that this version does not support yet."""

    name: str
    keys: dict[str, Key]
    later: frozenset[str] = field(default=frozenset())
    least: int = 0

    @property
    def required(self) -> tuple[str, ...]:
        """The keys that may not be left out."""
        return tuple(name for name, key in self.keys.items() if key.required)


def ref(name: str) -> Schema:
    """A reference to a part of the JSON Schema."""
    return {"$ref": f"#/$defs/{name}"}


def list_of(schema: Schema, least: int = 0) -> Schema:
    """A list with at least ``least`` items."""
    return {"type": "array", "items": schema, "minItems": least} if least else {"type": "array", "items": schema}


def whole(least: int, most: int) -> Schema:
    """A whole number from ``least`` to ``most``."""
    return {"type": "integer", "minimum": least, "maximum": most}


TEXT: Final[Schema] = {"type": "string", "minLength": 1}
NUMBER: Final[Schema] = {"type": "number"}
PAIR: Final[Schema] = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
FLAG: Final[Schema] = {"type": "boolean"}
ID: Final[Schema] = {"type": "string", "pattern": ID_PATTERN}
VARIABLE: Final[Schema] = {"type": "string", "pattern": VARIABLE_PATTERN}
_HOST: Final[Schema] = {"type": "string", "pattern": HOST_PATTERN}
ACCOUNT: Final[Schema] = {"type": "string", "pattern": ACCOUNT_PATTERN}
DURATION: Final[Schema] = {"type": "string", "pattern": DURATION_PATTERN}
WINDOW: Final[Schema] = {"$ref": "#/$defs/duration"}
PATH: Final[Schema] = {"$ref": "#/$defs/path"}

_NAME: Final = Key({"type": "string"}, "for people; the id unless said")
EVENT: Final = Key({"anyOf": [TEXT, list_of(TEXT, 1)]}, "the event's name, or a list of names", required=True)
_PURPOSE: Final[Schema] = {"type": "string", "pattern": PURPOSE_PATTERN}
_PURPOSES: Final[Schema] = {"anyOf": [_PURPOSE, list_of(_PURPOSE, 1)]}
PURPOSE: Final = Key(_PURPOSE, "a purpose to which the person has given consent", required=True)
NEEDS: Final = Key(_PURPOSES, "counts only if the person has given consent to this purpose, or to all of a list")
WHERE: Final = Key(ref("where"), "which of these events count; all unless said")
COMPARED: Final = ref("comparisons")
_GONE: Final = "gone, as if taken out of the files; what is not archived may not name it; false unless said"

DOCUMENT: Final = Shape(
    "document",
    {
        "settings": Key(ref("settings"), "what must be the same in a replay; in one file only"),
        "tags": Key(list_of(ref("tag")), "tags, in the order in which they are put on a person"),
        "segments": Key(list_of(ref("segment")), "segments"),
        "senders": Key(list_of(ref("sender")), "where transitions are sent"),
        "sources": Key(list_of(ref("source")), "where events come from"),
        "identity": Key(ref("identity"), "which ids name a person and join what they are seen with; in one file only"),
        "quality": Key(ref("quality"), "checks of what comes in, decoys, how duplicates are looked for"),
    },
)
SETTINGS: Final = Shape(
    "settings",
    {
        "dedupe": Key(WINDOW, "how long a person's event ids are remembered; 1h unless said, at most 28d"),
        "oldest": Key(WINDOW, "how far back an event time may be; 1825d unless said"),
        "forget_after": Key(WINDOW, "a person without an event for so long is forgotten; at least `dedupe`; nobody is unless said"),
        "consent": Key(
            {"type": "object", "propertyNames": _PURPOSE, "additionalProperties": {"enum": list(UNLESS_SAID)}},
            "the purposes that consent is asked for: `opt_in` is not given until a person says so, `opt_out` is given until then",
        ),
    },
)
TAG: Final = Shape(
    "tag",
    {
        "id": Key(ID, "the tag's id", required=True),
        "name": _NAME,
        "category": Key({"type": "string"}, "a path in the tree of tags"),
        "kind": Key({"enum": list(KINDS)}, "fact unless said"),
        "value": Key(PATH, "makes a family: a person has `id:value` for each value met at this path"),
        "half_life": Key(WINDOW, "the time in which the score halves; without it the score does not fade"),
        "cap": Key(NUMBER, "the score is at most this after each application"),
        "max_values": Key(whole(1, MOST_VALUES), "of a family: how many values a person may have; the weakest makes room for a new one"),
        "ttl": Key(WINDOW, "the tag goes when this time has passed since its newest event; it stays for ever unless said"),
        "exclusive": Key(ID, "a group of tags of which a person has one, that of the newest event; of a family one value"),
        "archived": Key(FLAG, _GONE),
        "rules": Key(list_of(ref("rule")), "which events put the tag on a person"),
    },
)
RULE: Final = Shape(
    "rule",
    {
        "id": Key(ID, "the rule's id within its tag; `rule-1`, `rule-2` … by position unless said"),
        "event": EVENT,
        "where": WHERE,
        "needs": NEEDS,
        "weight": Key({"anyOf": [NUMBER, ref("weight")]}, "what an application adds; 1 unless said"),
    },
)
WEIGHT: Final = Shape(
    "weight",
    {
        "property": Key(PATH, "where in the event the number stands; an event without one is skipped", required=True),
        "times": Key(NUMBER, "multiplies it; 1 unless said"),
        "max": Key(NUMBER, "bounds the product from above"),
    },
)
SEGMENT: Final = Shape(
    "segment",
    {
        "id": Key(ID, "the segment's id", required=True),
        "name": _NAME,
        "include": Key(list_of(PATH), "paths of traits that a transition carries"),
        "at_most": Key(ref("at_most"), "how many entries are published in a time; the person is in the segment all the same"),
        "paused": Key(FLAG, "evaluated, but nothing is published; false unless said"),
        "archived": Key(FLAG, _GONE),
        "when": Key(ref("node"), "the condition", required=True),
    },
)
AT_MOST: Final = Shape(
    "at_most",
    {
        "times": Key(whole(1, MOST_COUNTED_IN_A_WINDOW), "so many entries at most", required=True),
        "per": Key(WINDOW, "in this time", required=True),
    },
)
SENDER: Final = Shape(
    "sender",
    {
        "id": Key(ID, "the sender's id", required=True),
        "kind": Key({"enum": ["webhook"]}, "webhook unless said"),
        "url": Key({"type": "string", "pattern": r"^https?://"}, "where to POST to", required=True),
        "secret_env": Key(VARIABLE, "the environment variable that holds the signing secret", required=True),
        "segments": Key(list_of(ID), "only these segments; all unless said"),
        "directions": Key(list_of({"enum": list(DIRECTIONS)}), "only these; both unless said"),
        "causes": Key(list_of({"enum": list(CAUSES)}), "only these; all unless said"),
        "silent": Key(FLAG, "sends silent transitions too; false unless said"),
        "needs": Key(_PURPOSES, "sends nothing of persons who have not given consent to this purpose, or to all of a list"),
    },
    later=frozenset({"caps", "quiet", "paused", "archived"}),
)
SOURCE: Final = Shape(
    "source",
    {
        "id": Key(ID, "the source's id", required=True),
        "kind": Key(ID, "what kind of place it is, such as `web`", required=True),
        "write_keys": Key(list_of(ref("write_key")), "the keys that clients send, each as its SHA-256"),
        "origins": Key(list_of(TEXT), "web origins that may send, such as `https://shop.example`; `*` is any"),
        "app_id": Key(ACCOUNT, "the WeChat app id of an official account or a mini-program; it calls `/wechat/<app_id>`"),
        "corp_id": Key(ACCOUNT, "the corp id of WeCom; it calls `/wecom/<corp_id>`"),
        "token_env": Key(VARIABLE, "the environment variable that holds the token of its callbacks"),
        "aes_key_env": Key(VARIABLE, "the environment variable that holds their EncodingAESKey"),
        "link_secret_env": Key(VARIABLE, "the environment variable that holds the secret which signs its links and pixels"),
        "targets": Key(
            list_of({"type": "string", "pattern": TARGET_PATTERN}), "origins its links may lead to; `https://*.shop.example`: any below"
        ),
        "plain": Key(FLAG, "takes callbacks that are not encrypted too, although it has an AES key; false unless said"),
        "enrich": Key(ref("enrich"), "what is worked out of its events as they come in, and what is taken from them; nothing unless said"),
        "schemas": Key(ref("event_schemas"), "what its events are like; anything unless said"),
        "limits": Key(ref("source_limits"), "how much each collector takes of it; as much as comes unless said"),
        "first_party": Key(ref("first_party"), "the cookie by which its visitors are known again; none unless said"),
    },
    later=frozenset({"paused", "archived"}),
)
FIRST_PARTY: Final = Shape(
    "first_party",
    {
        "hosts": Key(list_of(_HOST), "the hosts under which browsers reach the collector, such as `c.shop.example`", required=True),
        "same_site": Key({"enum": list(SAME_SITE)}, "the cookie's SameSite; `lax` unless said"),
        "http_only": Key(FLAG, "scripts of the page cannot read the cookie; true unless said"),
        "domains": Key(list_of(_HOST), "what the cookie's Domain may be, such as `shop.example`; the host alone unless said"),
        "cookieless": Key(FLAG, "no cookie is set or read, and nobody is handed over; false unless said"),
        "secret_env": Key(VARIABLE, "the environment variable with the secret that signs visitors who go on to another host"),
    },
)
_MOST: Final = whole(1, MOST_OF_A_SOURCE)
SOURCE_LIMITS: Final = Shape(
    "source_limits",
    {
        "per_second": Key(_MOST, "events a second of the whole source"),
        "per_key": Key(_MOST, "events a second of each write key"),
        "per_ip": Key(_MOST, "requests a second of each address (IPv6: of each /64)"),
        "per_day": Key(_MOST, "events a day in UTC"),
    },
)
EVENT_SCHEMAS: Final = Shape(
    "event_schemas",
    {
        "events": Key(
            {"type": "object", "additionalProperties": {"type": "object"}},
            "by the name of an event the JSON Schema of its properties (of `$identify`: its traits), or `{file: name.schema.json}`",
        ),
        "infer": Key(FLAG, "of all other events each property keeps the type it had first; false unless said"),
        "otherwise": Key({"enum": ["keep", "refuse"]}, "an event that is not so is labelled (keep, unless said) or a dead letter (refuse)"),
    },
)
ENRICH: Final = Shape(
    "enrich",
    {
        "user_agent": Key(FLAG, "browser, system and device as `context.userAgentParsed`"),
        "bots": Key(FLAG, "`context.bot: true` on events of robots; they are kept"),
        "campaign": Key(FLAG, "`utm_` parameters and click ids as `context.campaign`, where the visit came from as `context.referrer`"),
        "region": Key(FLAG, "country, region and city of the address as `context.location`, if the collector has a file of them"),
        "truncate_ip": Key(FLAG, "`context.ip` loses its last part: /24 of IPv4, /48 of IPv6 are left"),
        "scrub_urls": Key(
            {"anyOf": [FLAG, list_of({"type": "string", "pattern": PARAMETER_PATTERN})]},
            "takes tokens, passwords and e-mail addresses out of URLs; a list: the values of these parameters too",
        ),
    },
)
WRITE_KEY: Final = Shape(
    "write_key", {"sha256": Key({"type": "string", "pattern": SHA256_PATTERN}, "SHA-256 of the key in hex", required=True)}
)
IDENTITY: Final = Shape(
    "identity",
    {
        "namespaces": Key(
            list_of(ref("namespace")), "kinds of ids, the first names the person; those not named follow as they are unless said"
        ),
        "blocked": Key(list_of(TEXT), "values that name nobody, besides those that never do"),
        "ids_max": Key(whole(1, MOST_IDS), "how many ids a person holds at most; 200 unless said"),
    },
)
NAMESPACE: Final = Shape(
    "namespace",
    {
        "id": Key(
            {"type": "string", "pattern": NAMESPACE_PATTERN}, "its name in events; `wx_openid:*` is that of every app", required=True
        ),
        "strong": Key(FLAG, "one value per person: two values are never in one person unless an alias joins them; false unless said"),
        "joins": Key({"enum": list(JOINS)}, "when it joins what it is seen with; always unless said"),
        "limit": Key(whole(1, MOST_IDS), "how many of its values a person holds at most; 50 unless said"),
        "normalise": Key({"enum": list(NORMALISERS)}, "how values are written before they are compared; none unless said"),
        "region": Key({"type": "string", "pattern": REGION_PATTERN}, "the country of phone numbers without a country code, such as CN"),
        "hashed": Key(FLAG, "stored and routed as a keyed hash; false unless said"),
    },
)
OUTER_SHAPES: Final = (
    DOCUMENT,
    SETTINGS,
    TAG,
    RULE,
    WEIGHT,
    SEGMENT,
    AT_MOST,
    SENDER,
    SOURCE,
    FIRST_PARTY,
    SOURCE_LIMITS,
    ENRICH,
    EVENT_SCHEMAS,
    WRITE_KEY,
    IDENTITY,
    NAMESPACE,
)
