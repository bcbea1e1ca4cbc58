"""Reads sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from schemas.definitions.enrichment import read_enrichment
from schemas.definitions.event_schemas import EventSchemasReader
from schemas.definitions.first_party import read_first_party
from schemas.definitions.language import (
    ACCOUNT_PATTERN,
    MOST_OF_A_SOURCE,
    SHA256_PATTERN,
    SOURCE,
    SOURCE_LIMITS,
    TARGET_PATTERN,
    WRITE_KEY,
)
from schemas.definitions.nodes import Scalar, Table
from schemas.definitions.source_model import Enrichment, EventSchemas, Source, SourceLimits
from schemas.definitions.values import read_id, read_variable, read_whole
from schemas.definitions.view import View, fields

_SHA256: Final = re.compile(SHA256_PATTERN)
_TARGET: Final = re.compile(TARGET_PATTERN)
_ACCOUNT: Final = re.compile(ACCOUNT_PATTERN)
_OF_ACCOUNTS: Final = ("app_id", "corp_id", "token_env", "aes_key_env", "plain")
_NEEDED_BY_KIND: Final = {"official_account": ("app_id", "token_env"), "wecom": ("corp_id", "token_env", "aes_key_env")}
_NEEDED_BY_KEY: Final = {"corp_id": {"token_env", "aes_key_env"}, "aes_key_env": {"token_env"}, "plain": {"aes_key_env", "token_env"}}
_ORIGIN: Final = re.compile(r"\*|https?://[a-z0-9.\[\]:_-]+")


class SourceReader:
    """Reads sources, no two of which have the same write key. ``schemas``: name → text of JSON Schemas in files."""

    def __init__(self, schemas: Mapping[str, str]) -> None:
        self._owners: dict[str, str] = {}
        self._schemas = EventSchemasReader(schemas)

    def read(self, view: View) -> Source:
        """One source."""
        found = fields(view, SOURCE)
        source = Source(
            id=found.read("id", read_id, ""),
            kind=found.read("kind", read_id, ""),
            write_keys=found.read("write_keys", self._write_keys, ()),
            origins=found.read("origins", _origins, ()),
            app_id=found.read("app_id", _account, ""),
            corp_id=found.read("corp_id", _account, ""),
            token_env=found.read("token_env", read_variable, ""),
            aes_key_env=found.read("aes_key_env", read_variable, ""),
            plain=found.read("plain", View.flag, False),
            link_secret_env=found.read("link_secret_env", read_variable, ""),
            targets=found.read("targets", _targets, ()),
            enrich=found.read("enrich", read_enrichment, Enrichment()),
            limits=found.read("limits", _limits, SourceLimits()),
            first_party=found.read("first_party", read_first_party, None),
            schemas=found.read("schemas", self._schemas.read, EventSchemas()),
        )
        _check_account(view, source.kind, {name for name in _OF_ACCOUNTS if found.get(name) is not None})
        if source.targets and found.get("link_secret_env") is None:
            view.fault("beside it 'link_secret_env'", "'targets'")
        if source.first_party is not None and "*" in source.origins:
            view.fault("origins that are listed: whoever may call may act for its visitors", "'*' beside 'first_party'")
        return source

    def _write_keys(self, view: View) -> tuple[str, ...]:
        keys = []
        for item in view.items("a list of write keys"):
            key = _write_key(item)
            first = self._owners.setdefault(key, item.path)
            if key and first != item.path:
                item.fault("a write key of its own for each source", f"the write key of {first}")
            keys.append(key)
        return tuple(keys)


def _limits(view: View) -> SourceLimits:
    found = fields(view, SOURCE_LIMITS)
    return SourceLimits(*(found.read(name, _most, 0) for name in SOURCE_LIMITS.keys))


def _most(view: View) -> int:
    return read_whole(view, 1, MOST_OF_A_SOURCE)


def _account(view: View) -> str:
    text = view.text("an app id or corp id")
    if text and not _ACCOUNT.fullmatch(text):
        view.fault("an app id or corp id: at most 63 letters, digits, _ . or -")
    return text


def _check_account(view: View, kind: str, said: set[str]) -> None:
    """Which keys of an account need which others."""
    needed = set(_NEEDED_BY_KIND.get(kind, ()))
    for name in said & _NEEDED_BY_KEY.keys():
        needed |= _NEEDED_BY_KEY[name]
    if missing := needed - said:
        view.fault(f"beside it {_listed(missing)}", f"a source of kind {kind}" if kind in _NEEDED_BY_KIND else _listed(said))
    elif {"app_id", "corp_id"} <= said:
        view.fault("one of them: an account is WeChat's or WeCom's", "both 'app_id' and 'corp_id'")
    elif "token_env" in said and not said & {"app_id", "corp_id"}:
        view.fault("beside it 'app_id' or 'corp_id'", "'token_env'")
    elif {"plain", "corp_id"} <= said:
        view.fault("no 'plain': WeCom always encrypts", "'plain' beside 'corp_id'")


def _listed(names: set[str]) -> str:
    return " and ".join(f"'{name}'" for name in _OF_ACCOUNTS if name in names)


def _write_key(view: View) -> str:
    plain = _plain_key(view)
    if plain is not None:
        # The key itself is not repeated: faults end up in logs, and a key there would work for whoever reads them.
        view.fault(f'the key\'s SHA-256: {{sha256: "{sha256(plain.encode()).hexdigest()}"}}', "a write key in plain text")
        return ""
    return fields(view, WRITE_KEY).read("sha256", _digest, "")


def _plain_key(view: View) -> str | None:
    """The key, if it stands as it is: a bare text or ``{key: text}``."""
    node = view.node
    if isinstance(node, Table) and len(node.entries) == 1 and node.entries[0].key == "key":
        node = node.entries[0].value
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _digest(view: View) -> str:
    value = view.scalar()
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value.lower()
    if not view.unreadable:
        view.fault("a SHA-256: 64 hexadecimal digits", "something else")
    return ""


def _targets(view: View) -> tuple[str, ...]:
    return tuple(_target(item) for item in view.items("a list of origins"))


def _target(view: View) -> str:
    text = view.text("an origin such as https://shop.example, or https://*.shop.example")
    if text and not _TARGET.fullmatch(text):
        view.fault("an origin such as https://shop.example in small letters, without a path, or https://*.shop.example for all below it")
    return text


def _origins(view: View) -> tuple[str, ...]:
    return tuple(_origin(item) for item in view.items("a list of origins"))


def _origin(view: View) -> str:
    text = view.text("an origin such as https://shop.example, or *")
    if text and not _ORIGIN.fullmatch(text.lower()):
        view.fault("an origin such as https://shop.example (without a path), or *")
    return text.lower()
