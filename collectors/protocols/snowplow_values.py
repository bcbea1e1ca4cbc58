"""Reading Snowplow's flat maps: JSON, numbers and times that stand in texts."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

from collectors.body import Limits, read_object
from schemas import rejection
from schemas.errors import Rejected

_URL_SAFE: Final = str.maketrans("-_ ", "+/+")


def json_of(fields: dict[str, str], plain: str, packed: str, limits: Limits) -> dict[str, Any] | None:
    """The object in a field, or in the one that has it in base64 of either alphabet; None without both.

    Raises ``Rejected``: bad-encoding, and what ``read_object`` does.
    """
    if text := fields.get(plain):
        return read_object(text.encode(errors="replace"), limits)
    text = (fields.get(packed) or "").translate(_URL_SAFE).rstrip("=")
    if not text:
        return None
    try:
        return read_object(b64decode(text + "=" * (-len(text) % 4), validate=True), limits)
    except ValueError as error:
        raise Rejected(rejection.BAD_ENCODING, f"{packed}: {error}") from None


def milliseconds(text: str | None) -> int | str | None:
    """A time in digits; whatever else it is stays as it is, to be refused or read elsewhere."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else text
