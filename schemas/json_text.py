"""JSON out. orjson is the fast way; what it refuses (integers over 64 bits, nesting over 254) the standard library writes."""

from __future__ import annotations

import json
from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """UTF-8 JSON without spaces; integers of any size stay exact."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
