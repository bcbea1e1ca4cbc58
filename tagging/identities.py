"""What is known of who a person is: the edges between its ids, the ids it has asked for, and those that were refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from schemas.identity_records import Edge

REFUSED_MAX: Final = 64
EDGES_BYTES_MAX: Final = 16_384
"""Of all edges: their texts in UTF-8, and ``_EDGE_BYTES`` for each.

No merge is held up by limits, so thousands may become one; it must stay small all the same.
"""
_EDGE_BYTES: Final = 16
_ITSELF: Final = ""


class Parting(msgspec.Struct, array_like=True, frozen=True):
    """That a person was split: the edges of ``cut`` are never made again unless an alias says so. ``theirs``: the ids that went to the
    person ``into``. Of the events that ``ids``, those of both, had sent, all up to ``ends`` (offsets by partition, exclusive) have
    been counted.
    """

    cut: tuple[tuple[str, str], ...]
    ids: tuple[str, ...]
    theirs: tuple[str, ...]
    into: str
    ends: tuple[int, ...]


class Identities(msgspec.Struct, array_like=True):
    """``edges``: undirected, in order of time of decision. ``asked``: id → when (absolute ms): a claim is on its way. ``refused``: id →
    reason, the newest 64. ``kept``: link → since when (absolute ms), and the strong ids of the other side for which a place is kept.
    ``partings``: the splits that the person comes from, oldest first.
    """

    edges: list[Edge] = []
    asked: dict[str, int] = {}
    refused: dict[str, str] = {}
    kept: dict[str, tuple[int, tuple[str, ...]]] = {}
    partings: list[Parting] = []

    def ids(self) -> dict[str, None]:
        """All ids that an edge names, in order."""
        return {name: None for edge in self.edges for name in (edge.one, edge.other)}

    def is_open(self, typed_id: str) -> bool:
        """The id has been asked for or refused: nothing new."""
        return typed_id in self.asked or typed_id in self.refused

    def ask(self, typed_id: str, at_ms: int) -> None:
        """Note that an id is asked for, whatever was said of it before; what is asked again waits since the first time."""
        self.refused.pop(typed_id, None)
        self.asked.setdefault(typed_id, at_ms)

    def places(self) -> dict[str, None]:
        """All ids that may yet come: those asked for, and those for which a place is kept."""
        return dict.fromkeys((*self.asked, *(typed_id for _, ids in self.kept.values() for typed_id in ids)))

    def is_cut(self, one: str, other: str) -> bool:
        """Whether a split has cut the edge between two ids."""
        return any((one, other) in parting.cut or (other, one) in parting.cut for parting in self.partings)

    def elsewhere(self, typed_id: str) -> str | None:
        """The person to whom a split gave an id that was this one's; the newest split decides."""
        return next((parting.into for parting in reversed(self.partings) if typed_id in parting.theirs), None)

    def is_counted(self, typed_id: str, stood: tuple[int, int] | None) -> bool:
        """Whether an event of an id, which stood at this partition and offset first, is in what a split found in the log."""
        if stood is None:
            return False
        partition, offset = stood
        return any(typed_id in one.ids and partition < len(one.ends) and offset < one.ends[partition] for one in self.partings)

    def welcome(self, typed_ids: Collection[str]) -> None:
        """The ids are this person's, whatever splits have said."""
        if self.partings:
            self.partings = [_without(parting, typed_ids) for parting in self.partings]

    def join(self, edge: Edge) -> bool:
        """Note an edge, once; False if there is no room for it: its ids stay joined, but the person does not remember them."""
        self._settle(edge)
        one, other = edge.one, edge.other
        for held in self.edges:
            if (held.one == one and held.other == other) or (held.one == other and held.other == one):
                return True
        if sum(map(_bytes, self.edges)) + _bytes(edge) > EDGES_BYTES_MAX:
            return False
        self.edges.append(edge)
        return True

    def _settle(self, edge: Edge) -> None:
        """What an edge joins is open no more."""
        for name in (edge.one, edge.other):
            self.asked.pop(name, None)
            self.refused.pop(name, None)
        self.kept.pop(edge.link, None)
        if self.partings:
            self._mend(edge)

    def _mend(self, edge: Edge) -> None:
        """What was cut has been joined again."""
        self.welcome((edge.one, edge.other))
        ends = {edge.one, edge.other}
        self.partings = [
            msgspec.structs.replace(parting, cut=tuple(pair for pair in parting.cut if set(pair) != ends)) for parting in self.partings
        ]

    def forget_unanswered(self, before_ms: int) -> None:
        """Forget what was asked for before a time (absolute ms): an answer that takes a week will not come."""
        self.asked = {typed_id: at_ms for typed_id, at_ms in self.asked.items() if at_ms >= before_ms}
        self.kept = {link: place for link, place in self.kept.items() if place[0] >= before_ms}

    def refuse(self, typed_id: str, reason: str) -> None:
        """Note that an id is not this person's; the oldest refusals are forgotten."""
        self.asked.pop(typed_id, None)
        self.refused.pop(typed_id, None)
        self.refused[typed_id] = reason
        while len(self.refused) > REFUSED_MAX:
            del self.refused[next(iter(self.refused))]

    def take_over(self, absorbed: Identities) -> int:
        """Add what an absorbed person knew; refusals too, but of ids that are this person's. How many edges there was no room for."""
        self.partings = [*self.partings, *absorbed.partings]
        left_out = self._join_all(absorbed.edges)
        mine = self.ids()
        self.welcome(mine)
        for typed_id, at_ms in absorbed.asked.items():
            if typed_id not in mine:
                self.ask(typed_id, at_ms)
        self.kept = absorbed.kept | self.kept
        for typed_id, reason in absorbed.refused.items():
            if typed_id not in mine and typed_id not in self.asked:
                self.refuse(typed_id, reason)
        return left_out

    def _join_all(self, edges: list[Edge]) -> int:
        """``join`` of each; the number without room."""
        ends = {frozenset((edge.one, edge.other)) for edge in self.edges}
        held, left_out = sum(map(_bytes, self.edges)), 0
        for edge in edges:
            self._settle(edge)
            if frozenset((edge.one, edge.other)) in ends:
                continue
            if held + _bytes(edge) > EDGES_BYTES_MAX:
                left_out += 1
                continue
            held += _bytes(edge)
            self.edges.append(edge)
        return left_out


def edges_bytes(edges: Iterable[Edge]) -> int:
    """What edges count against ``EDGES_BYTES_MAX``."""
    return sum(map(_bytes, edges))


def _without(parting: Parting, typed_ids: Collection[str]) -> Parting:
    return msgspec.structs.replace(parting, theirs=tuple(one for one in parting.theirs if one not in typed_ids))


def _bytes(edge: Edge) -> int:
    return _EDGE_BYTES + len((edge.one + edge.other + edge.source + edge.reason).encode())


class _Packed(msgspec.Struct, array_like=True):
    """What is open stands first: where nothing is, the packed form begins with ``SETTLED``."""

    asked: dict[str, int]
    refused: dict[str, str]
    kept: dict[str, tuple[int, tuple[str, ...]]]
    edges: list[Edge]


class _PackedParted(msgspec.Struct, array_like=True):
    """Of who comes from a split: one element more, so it never begins with ``SETTLED``."""

    asked: dict[str, int]
    refused: dict[str, str]
    kept: dict[str, tuple[int, tuple[str, ...]]]
    edges: list[Edge]
    partings: list[Parting]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Packed)
_parted_decoder: Final = msgspec.msgpack.Decoder(_PackedParted)
SETTLED: Final = b"\x94\x80\x80\x80"
_PARTED: Final = b"\x95"


def pack_identities(identities: Identities, person_id: str) -> bytes:
    """The packed form, in which the person's own id is left out; nothing at all if nothing is known."""
    if not (identities.edges or identities.asked or identities.refused or identities.kept or identities.partings):
        return b""
    edges = [_renamed(edge, person_id, _ITSELF) for edge in identities.edges]
    if identities.partings:
        return _encoder.encode(_PackedParted(identities.asked, identities.refused, identities.kept, edges, identities.partings))
    return _encoder.encode(_Packed(identities.asked, identities.refused, identities.kept, edges))


def unpack_identities(packed: bytes, person_id: str) -> Identities:
    """Read the packed form."""
    if not packed:
        return Identities([], {}, {}, {}, [])
    parted = _parted_decoder.decode(packed) if has_parted(packed) else None
    held = parted or _decoder.decode(packed)
    edges = [_renamed(edge, _ITSELF, person_id) for edge in held.edges]
    return Identities(edges, held.asked, held.refused, held.kept, [] if parted is None else parted.partings)


def has_parted(packed: bytes) -> bool:
    """Whether the person comes from a split, known from the packed form."""
    return packed[:1] == _PARTED


def all_joined(packed: bytes, typed_ids: Sequence[str]) -> bool:
    """True only if all the ids are joined and nothing is asked, refused or kept: known from the packed form, as nearly all events want it.

    An id stands there behind its length, so that none is found in a longer one.
    """
    return packed.startswith(SETTLED) and all(_encoder.encode(typed_id) in packed for typed_id in typed_ids)


def _renamed(edge: Edge, name: str, into: str) -> Edge:
    one, other = edge.one, edge.other
    if name not in (one, other):
        return edge
    return Edge(into if one == name else one, into if other == name else other, edge.at_ms, edge.source, edge.reason)
