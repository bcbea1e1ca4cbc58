"""The topics of a deployment and what each must be set to."""

from __future__ import annotations

from dataclasses import dataclass, field

LETTER_BYTES_MAX = 2 << 20
"""A dead letter is a record of up to a mebibyte, untouched, plus its headers."""


TYPES_KEY = b"types/"
"""How the keys of those records of the definitions topic begin that say which types properties had first; a source's id follows."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its full name, how many partitions, and the broker settings that Ebbtide relies on."""

    name: str
    partitions: int
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one deployment under one prefix (``ebbtide.`` unless set otherwise)."""

    prefix: str = "ebbtide."
    partitions: int = 8
    retention_ms: int = 30 * 86_400_000

    @property
    def events(self) -> str:
        """Events and internal records, keyed by routing id."""
        return self.prefix + "events"

    @property
    def transitions(self) -> str:
        """Transitions, keyed by person."""
        return self.prefix + "transitions"

    @property
    def dead_letters(self) -> str:
        """What could not be read, byte for byte, with its reason."""
        return self.prefix + "dead-letters"

    @property
    def definitions(self) -> str:
        """Whole sets of definitions, kept for ever."""
        return self.prefix + "definitions"

    def catalogue(self) -> tuple[Topic, ...]:
        """Every topic with its settings, as ``ebbtide topics`` creates and ``ebbtide doctor`` checks them."""
        kept = {"retention.ms": str(self.retention_ms), "cleanup.policy": "delete"}
        return (
            Topic(self.events, self.partitions, {**kept, "message.timestamp.type": "LogAppendTime"}),
            Topic(self.transitions, self.partitions, kept),
            Topic(self.dead_letters, 1, {**kept, "max.message.bytes": str(LETTER_BYTES_MAX)}),
            Topic(self.definitions, 1, {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}),
        )
