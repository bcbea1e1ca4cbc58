"""Consent in the checked, immutable form of a set of definitions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purpose:
    """What consent is given to. ``unless_said``: whether it counts as given while a person has said nothing of it."""

    id: str
    unless_said: bool = False


@dataclass(frozen=True, slots=True)
class ConsentNode:
    """The person has given consent to a purpose. ``unless_said``: what holds while nothing has been said of it."""

    purpose: str
    unless_said: bool = False
