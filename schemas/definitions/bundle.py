"""One whole set of definitions as a record of the definitions topic, and the step from one version to the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from schemas import rejection
from schemas.definitions.codec import from_plain, to_plain
from schemas.definitions.leaf import leaf_hashes
from schemas.definitions.model import Bundle, Numbers
from schemas.errors import Misconfigured, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.definitions.parse import Definitions

FORMAT: Final = 1


def bundle_to_json(bundle: Bundle) -> bytes:
    """The record's value: UTF-8, the same bytes for the same bundle. Whole numbers of any size are exact."""
    plain = {"format": FORMAT, **to_plain(bundle)}
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def bundle_from_json(data: bytes) -> Bundle:
    """The bundle of a record's value.

    Raises:
        Misconfigured: the format is one that this version does not read.
        Rejected: the bytes are no bundle.
    """
    try:
        plain = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Rejected(rejection.NOT_JSON, "a set of definitions is a JSON object") from error
    if not isinstance(plain, dict) or "format" not in plain:
        raise Rejected(rejection.UNREADABLE_INTERNAL, "a set of definitions is a JSON object with a format")
    if (found := plain.pop("format")) != FORMAT:
        raise Misconfigured(f"definitions: found format {str(found)[:20]}, expected {FORMAT}: another version of Ebbtide applied them")
    return _bundle(plain)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _bundle(plain: dict[str, Any]) -> Bundle:
    try:
        bundle: Bundle = from_plain(Bundle, plain, "bundle")
    except (ValueError, RecursionError) as error:
        raise Rejected(rejection.UNREADABLE_INTERNAL, str(error)) from error
    return bundle


def next_bundle(previous: Bundle, definitions: Definitions, *, silent: bool = False) -> Bundle:
    """The version after ``previous``. What has a number keeps it, for ever; what is new gets the next, in order of definition."""
    numbers = previous.numbers
    tags, segments = definitions.tags, definitions.segments
    return Bundle(
        version=previous.version + 1,
        settings=definitions.settings,
        tags=tags,
        segments=segments,
        senders=definitions.senders,
        sources=definitions.sources,
        numbers=Numbers(
            tags=_extend(numbers.tags, (tag.id for tag in tags)),
            rules=_extend(numbers.rules, (f"{tag.id}/{rule.id}" for tag in tags for rule in tag.rules)),
            segments=_extend(numbers.segments, (segment.id for segment in segments)),
            sources=_extend(numbers.sources, (source.id for source in definitions.sources)),
            leaves=_extend(numbers.leaves, (name for segment in segments for name in leaf_hashes(segment.when))),
        ),
        silent=silent,
        identity=definitions.identity,
        quality=definitions.quality,
    )


def _extend(known: dict[str, int], names: Iterable[str]) -> dict[str, int]:
    extended = dict(known)
    following = max(known.values(), default=0) + 1
    for name in names:
        if name not in extended:
            extended[name] = following
            following += 1
    return extended
