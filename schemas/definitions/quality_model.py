"""The checked, immutable form of rules about the quality of data: checks on the way in, decoys, and how duplicates are looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Otherwise = Literal["keep", "drop", "refuse"]


@dataclass(frozen=True, slots=True)
class Check:
    """What is asked of the value at ``path`` of an event of ``sources`` and ``events`` (empty: all), and what happens ``otherwise``.

    In this order: ``canonical`` (a text as met → the one text for it) or ``unit`` with ``units`` (unit → factor) make the value one of
    its kind; ``type``, ``verify``, ``range`` and ``enum`` ask. ``region``: the country of a phone number without one.
    ``rewrite``: what ``verify`` found right is written in its one form. ``range``: ``gt``, ``gte``, ``lt``, ``lte`` → bound.
    """

    id: str
    path: str
    sources: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    canonical: dict[str, str] = field(default_factory=dict)
    unit: str | None = None
    units: dict[str, float] = field(default_factory=dict)
    type: str | None = None
    verify: str | None = None
    region: str | None = None
    rewrite: bool = False
    range: dict[str, float] = field(default_factory=dict)
    enum: tuple[str | int | float | bool, ...] = ()
    otherwise: Otherwise = "keep"


@dataclass(frozen=True, slots=True)
class Decoy:
    """A person who does not exist and is planted in lists: whatever a sender would tell about it raises an alert.

    ``id`` as in ``user:decoy-1``. ``block``: nothing is sent, either.
    """

    id: str
    note: str = ""
    block: bool = False


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """Where in people's traits stands what tells duplicates: paths, of which the first that leads somewhere counts; ``+`` joins two.

    ``block_by``: only people who agree in one of these are compared. ``region``: the country of a phone number without one.
    ``at_least``: the least score of a pair that is reported, a probability.
    """

    name: tuple[str, ...] = ("name", "firstName+lastName", "first_name+last_name")
    phone: tuple[str, ...] = ("phone",)
    email: tuple[str, ...] = ("email",)
    city: tuple[str, ...] = ("city", "address.city")
    birthday: tuple[str, ...] = ("birthday",)
    block_by: tuple[str, ...] = ("phone", "email", "name+city", "name+birthday", "birthday+city")
    region: str | None = None
    at_least: float = 0.95


@dataclass(frozen=True, slots=True)
class QualityRules:
    """All that definitions say about the quality of data. Ids of checks and of decoys are each of their own kind."""

    checks: tuple[Check, ...] = ()
    decoys: tuple[Decoy, ...] = ()
    duplicates: DuplicateSearch = field(default_factory=DuplicateSearch)
