"""Requests that real clients made, as they were recorded, and how they are spoilt."""

from __future__ import annotations

import gzip
import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

FOLDER: Final = Path(__file__).parent / "recorded"
CLIENTS: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
_ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "x" * 40_000,
    "\u0000",
    "$",
    [],
    {},
    [[]],
    {"": ""},
    {"a": {"a": {"a": []}}},
    "2026-13-01",
    "NaN",
)


@dataclass(frozen=True)
class Recorded:
    """One request of a client; ``body`` as it went over the wire."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


@cache
def recorded(client: str) -> tuple[Recorded, ...]:
    """What a client sent, in its order."""
    said = json.loads((FOLDER / f"{client}.json").read_text(encoding="utf-8"))
    return tuple(Recorded(each["method"], each["url"], each["headers"], each["body"].encode("latin-1")) for each in said)


def spoilt(request: Recorded, seed: int) -> Recorded:
    """The request with bytes, fields or values changed at random: outside, or inside what base64 and gzip wrap up."""
    chance = random.Random(seed)
    path, _, query = request.url.partition("?")
    if request.body and (chance.random() < 0.8 or not query):
        return replace(request, body=_spoil(request.body, chance))
    spoilt_query = _spoil(query.encode(), chance).decode("latin-1")
    return replace(request, url=f"{path}?{spoilt_query}".encode(errors="ignore").decode("latin-1"))


def _spoil(text: bytes, chance: random.Random) -> bytes:
    ways: list[Callable[[bytes, random.Random], bytes]] = [_bytes, _values if text[:1] in {b"{", b"["} else _field]
    return chance.choice(ways)(text, chance)


def _bytes(text: bytes, chance: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                del changed[at : at + chance.randint(1, 20)]
            case 2:
                changed[at:at] = chance.randbytes(chance.randint(1, 8))
            case _:
                changed[at:at] = changed[: chance.randint(0, 30)]
    return bytes(changed)


def _field(form: bytes, chance: random.Random) -> bytes:
    fields = parse_qsl(form.decode("latin-1"), keep_blank_values=True) or [("data", "")]
    at = chance.randrange(len(fields))
    name, value = fields[at]
    fields[at] = (name, _inside(value, chance))
    if chance.random() < 0.2:
        fields.append(chance.choice(fields))
    return urlencode(fields).encode()


def _inside(value: str, chance: random.Random) -> str:
    if value[:1] in {"{", "["}:
        return _spoil(value.encode(), chance).decode("latin-1")
    try:
        inner = b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        return str(chance.choice((*_ODD, value * 2, value[:-1])))
    zipped = inner.startswith(b"\x1f\x8b")
    inner = _spoil(gzip.decompress(inner) if zipped else inner, chance)
    return b64encode(gzip.compress(inner, 1) if zipped else inner).decode()


def _values(text: bytes, chance: random.Random) -> bytes:
    try:
        whole = json.loads(text)
    except ValueError:
        return _bytes(text, chance)
    for _ in range(chance.randint(1, 3)):
        _one_value(whole, chance)
    return json.dumps(whole).encode()


def _one_value(at: Any, chance: random.Random) -> None:
    """Walk down at random and change what is there."""
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = chance.choice(keys)
        below = at[key]
        if isinstance(below, dict | list) and below and chance.random() < 0.85:
            at = below
        elif isinstance(below, str) and below and chance.random() < 0.5:
            at[key] = _inside(below, chance)
            return
        elif isinstance(at, dict) and chance.random() < 0.2:
            del at[key]
            return
        else:
            at[key] = deepcopy(chance.choice(_ODD))
            return
