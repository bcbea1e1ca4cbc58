"""Finding the segment that a command names."""

from __future__ import annotations

from schemas.definitions.fault import near_match
from schemas.definitions.model import Bundle
from stream.cli.errors import Failed
from stream.cli.output import plain


def segment_of(bundle: Bundle, name: str) -> int:
    """The number of a segment. Raises Failed with a near match, or with all there are."""
    if any(segment.id == name for segment in bundle.segments):
        return bundle.numbers.segments[name]
    known = [segment.id for segment in bundle.segments]
    near = near_match(name, known)
    hint = f"did you mean {near}?" if near else f"there are: {', '.join(known[:20]) or 'none; `ebbtide apply DIR` brings some'}"
    raise Failed(f"version {bundle.version} of the definitions has no segment {plain(name)}; {hint}")
