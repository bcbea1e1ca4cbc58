"""What protocols with many events a body share: reading the body, and taking it apart so that one bad event costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from collectors.protocols.port import Parsed, Refused, Submission
from schemas import rejection
from schemas.errors import Rejected

T = TypeVar("T")


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """A body as the decoder's type. Raises ``Rejected``: bad-json, bad-shape, too-deep."""
    try:
        return decoder.decode(body)
    except RecursionError:
        raise Rejected(rejection.TOO_DEEP) from None
    except msgspec.ValidationError as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None


def one_by_one(raws: list[msgspec.Raw], submission: Submission) -> list[bytes]:
    """The text of each; of more than may be in a body only so many that it shows."""
    return [bytes(raw) for raw in raws[: submission.limits.events + 1]]


def taken_apart(raws: Sequence[bytes], submission: Submission, read: Callable[[bytes], tuple[str, bytes]]) -> Parsed:
    """What ``read`` makes of each; what it refuses is refused by itself. Raises ``Rejected``: too-many-events."""
    most = submission.limits.events
    if len(raws) > most:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"more than {most} events")
    parsed = Parsed([])
    for index, raw in enumerate(raws):
        try:
            parsed.events.append(read(raw))
        except Rejected as refusal:
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, raw))
    return parsed


def an_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if type(value) is dict else {}


def object_at(event: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that is an object or not there. Raises ``Rejected``: bad-shape."""
    value = event.get(name)
    if value is not None and type(value) is not dict:
        raise Rejected(rejection.BAD_SHAPE, f"{name} is a JSON object")
    return value or {}


def placed(target: dict[str, Any], path: Sequence[str], value: object) -> None:
    """Put a value where a path leads, unless something is there; objects on the way are made."""
    *above, last = path
    for name in above:
        target = target.setdefault(name, {})
    target.setdefault(last, value)
