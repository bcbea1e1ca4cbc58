"""Internal records about who is who: what a lane tells the lane that another id belongs to."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from typing import Final, Literal

import msgspec

from schemas import rejection
from schemas.errors import Rejected

HOPS_MAX: Final = 64
"""Pointers always lead to a lesser rank, so no record goes in a circle; a long chain of people must lose none."""


TWO_STRONG: Final = "two-strong-ids"
FIRST_LOGIN: Final = "first-login"
TOO_MANY: Final = "too-many-ids"
PARTED: Final = "parted"
REFUSALS: Final = (TWO_STRONG, FIRST_LOGIN, TOO_MANY, PARTED)
"""Why an id is not joined to a person."""

LinkPhase = Literal["claim", "offer", "accept", "refuse", "joined"]


class Edge(msgspec.Struct, array_like=True, frozen=True):
    """That two ids belong to one person: since when (the append time that decided it, absolute ms), from which source, and why.

    ``reason``: the name of the event that carried both, ``$alias`` included, or ``operator``.
    """

    one: str
    other: str
    at_ms: int
    source: str
    reason: str

    @property
    def link(self) -> str:
        """Which attempt to link two persons the edge is of: an id is asked for once at a time."""
        return f"{self.one}\n{self.other}\n{self.at_ms}"


class _Hop(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What every record between lanes carries: the sending partition, and the number of this record among those it sent to this one."""

    origin: int
    number: int
    to: str
    hops: int = 0


class ForwardRecord(_Hop, tag_field="type", tag="$forward"):
    """An event for the person ``to``. ``event_ms``: its event time, clamped where it was read first; ``said_ms``: when it came there;
    ``stood``: where that is, partition and offset; ``back``: a split has sent it to whom its own first id names, in whose log it stands.
    """

    event_ms: int
    event: msgspec.Raw
    said_ms: int = 0
    stood: tuple[int, int] | None = None
    back: bool = False


class ListedRecord(_Hop, tag_field="type", tag="$listed"):
    """A version of an uploaded list names, or no longer names, an ``id`` that stands for the person ``to``.

    ``said_ms``: when the list's record was appended.
    """

    id: str
    list: str
    version: int
    named: bool
    said_ms: int = 0


class LinkRecord(_Hop, tag_field="type", tag="$link"):
    """A step of linking two persons, addressed to the id ``to``.

    ``other``: the canonical id of the person on the other side, ``strong`` its strong ids; ``explicit``: an alias or an operator
    says so; ``first_login``: the claim came by an id that belongs to its first login; ``reason``: why it is refused.
    """

    phase: LinkPhase
    other: str
    edge: Edge
    strong: tuple[str, ...] = ()
    explicit: bool = False
    first_login: bool = False
    reason: str = ""

    @property
    def said_ms(self) -> int:
        """When the event was applied that began the link."""
        return self.edge.at_ms


class TransferRecord(_Hop, tag_field="type", tag="$transfer"):
    """An absorbed person's state for the person ``to``; ``state`` None: the id ``absorbed`` had never been a person.

    ``at``: the offset, in the partition ``origin``, of the record that it follows from.
    """

    absorbed: str
    edge: Edge
    state: str | None = None
    at: int = 0

    @property
    def said_ms(self) -> int:
        """When the event was applied that began the link."""
        return self.edge.at_ms

    def packed(self) -> bytes | None:
        """The packed state.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        return None if self.state is None else packed_of(self.state)


class ErasedRecord(_Hop, tag_field="type", tag="$erased"):
    """A person is erased that was known by ``ids``: ``to`` stands for it no more. No ids: the person that ``to`` stands for goes itself."""

    ids: tuple[str, ...] = ()


class FilledRecord(_Hop, tag_field="type", tag="$filled"):
    """What the filling of ``version`` (``old`` held before it) has found of ``absorbed``, up to where that became a part of ``to``.

    ``link``: by which link; ``state``: packed, None if there is nothing. Without ``absorbed`` it says that the filling begins at the offset
    ``start``, and that of what was before nothing will be told. What a filling says has numbers of its own, until it is passed on.
    """

    version: int
    old: int
    absorbed: str = ""
    link: str = ""
    state: str | None = None
    said_ms: int = 0
    start: int = 0

    def packed(self) -> bytes | None:
        """The packed state.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        return None if self.state is None else packed_of(self.state)


class PartedRecord(_Hop, tag_field="type", tag="$parted"):
    """A split has taken the id ``to`` away from a person: it stands for ``person`` from here on. With a ``state`` (packed, see
    ``state_text``) it is that person. ``said_ms``: the clock of the lane that has split.
    """

    person: str
    said_ms: int
    state: str | None = None

    def packed(self) -> bytes | None:
        """The packed state.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        return None if self.state is None else packed_of(self.state)


class ForgetRecord(_Hop, tag_field="type", tag="$forget"):
    """A person has been forgotten that was known by ``ids``: ``to`` stands for it no more."""

    ids: tuple[str, ...] = ()


IdentityRecord = ForwardRecord | ListedRecord | LinkRecord | TransferRecord | ErasedRecord | FilledRecord | PartedRecord | ForgetRecord


def state_text(packed: bytes) -> str:
    """A packed state as a record carries it."""
    return b64encode(packed).decode()


def packed_of(text: str) -> bytes:
    """The packed state that a record carries.

    Raises:
        Rejected: ``unreadable-internal``.
    """
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError) as error:
        raise Rejected(rejection.UNREADABLE_INTERNAL, f"state: {error}") from None


def identity_value(record: IdentityRecord) -> bytes:
    """The record's value."""
    return msgspec.json.encode(record)
