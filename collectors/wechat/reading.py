"""Reading a message: XML or JSON, told apart by the first byte, into the same maps of names to texts, lists and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

# The parser itself, not ElementTree on top of it: a document type is refused as soon as it begins, and without one there are no
# entities to expand and nothing to fetch. That is all that defusedxml would add here.
from xml.parsers import expat

from collectors.body import looks_like_json, read_object
from schemas import rejection
from schemas.errors import Rejected

if TYPE_CHECKING:
    from collectors.body import Limits

# Characters that XML has no way to write, but people and their phones have ways to send.
_UNWRITABLE: Final = bytes(code for code in range(32) if code not in b"\t\n\r")


def read_message(body: bytes, limits: Limits) -> dict[str, Any]:
    """The fields of a message; of XML, elements that repeat become a list, and values are texts.

    Raises ``Rejected``: event-too-large, bad-json, bad-xml, too-deep, too-many-keys, bad-shape.
    """
    if looks_like_json(body):
        return read_object(body, limits)
    if len(body) > limits.event_bytes:
        raise Rejected(rejection.EVENT_TOO_LARGE, f"{len(body)} bytes are more than {limits.event_bytes}")
    tree = _Tree(limits)
    try:
        tree.parser.Parse(body.translate(None, _UNWRITABLE), True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Rejected(rejection.BAD_XML, str(error)) from None
    if type(tree.root) is not dict:
        raise Rejected(rejection.BAD_SHAPE, "a message is an element with elements in it")
    return tree.root


class _Tree:
    """Builds maps as the parser goes along; holds its own stack, so that no nesting can exhaust the interpreter's."""

    def __init__(self, limits: Limits) -> None:
        self.root: object = None
        self._limits = limits
        self._open: list[dict[str, Any]] = []
        self._text: list[str] = []
        self._elements = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._begin
        self.parser.CharacterDataHandler = self._text.append
        self.parser.EndElementHandler = self._end

    def _refuse(self, *_: object) -> None:
        raise Rejected(rejection.BAD_XML, "it has a document type")

    def _begin(self, _name: str, _attributes: object) -> None:
        self._elements += 1
        if self._elements > self._limits.keys:
            raise Rejected(rejection.TOO_MANY_KEYS, f"more than {self._limits.keys} elements")
        self._open.append({})
        if len(self._open) > self._limits.depth:
            raise Rejected(rejection.TOO_DEEP, f"more than {self._limits.depth} levels")
        self._text.clear()

    def _end(self, name: str) -> None:
        below = self._open.pop()
        value: object = below or "".join(self._text)
        self._text.clear()
        if not self._open:
            self.root = value
            return
        beside = self._open[-1]
        if name not in beside:
            beside[name] = value
        elif type(beside[name]) is list:
            beside[name].append(value)
        else:
            beside[name] = [beside[name], value]
