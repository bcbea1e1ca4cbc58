"""Reads sources."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from schemas.definitions.language import SHA256_PATTERN, SOURCE, WRITE_KEY
from schemas.definitions.model import Source
from schemas.definitions.nodes import Scalar, Table
from schemas.definitions.values import read_id
from schemas.definitions.view import fields

if TYPE_CHECKING:
    from schemas.definitions.view import View

_SHA256: Final = re.compile(SHA256_PATTERN)
_ORIGIN: Final = re.compile(r"\*|https?://[a-z0-9.\[\]:_-]+")


class SourceReader:
    """Reads sources, no two of which have the same write key."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def read(self, view: View) -> Source:
        """One source."""
        found = fields(view, SOURCE)
        return Source(
            id=found.read("id", read_id, ""),
            kind=found.read("kind", read_id, ""),
            write_keys=found.read("write_keys", self._write_keys, ()),
            origins=found.read("origins", _origins, ()),
        )

    def _write_keys(self, view: View) -> tuple[str, ...]:
        keys = []
        for item in view.items("a list of write keys"):
            key = _write_key(item)
            first = self._owners.setdefault(key, item.path)
            if key and first != item.path:
                item.fault("a write key of its own for each source", f"the write key of {first}")
            keys.append(key)
        return tuple(keys)


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


def _origins(view: View) -> tuple[str, ...]:
    return tuple(_origin(item) for item in view.items("a list of origins"))


def _origin(view: View) -> str:
    text = view.text("an origin such as https://shop.example, or *")
    if text and not _ORIGIN.fullmatch(text.lower()):
        view.fault("an origin such as https://shop.example (without a path), or *")
    return text.lower()
