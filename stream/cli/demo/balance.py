"""Does it add up? What was accepted, what the lanes counted, what was published, what arrived."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stream.cli.demo.story import Story
from stream.cli.demo.traffic import Answers
from stream.cli.deployment import Deployment, log_ends

if TYPE_CHECKING:
    from stream.senders.receiver import Receiver

_POLL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Counted:
    """The sums of all lanes' counters, and the records of the transitions topic."""

    applied: int
    duplicates: int
    dead_letters: int
    transitions: int
    published: int

    def since(self, before: Counted) -> Counted:
        """What came on top."""
        return Counted(
            self.applied - before.applied,
            self.duplicates - before.duplicates,
            self.dead_letters - before.dead_letters,
            self.transitions - before.transitions,
            self.published - before.published,
        )


async def count(deployment: Deployment) -> Counted:
    """Read the counters."""
    headers = [header for header in (await deployment.headers()).values() if header is not None]
    ends = await log_ends(deployment.settings, deployment.settings.topics.transitions, deployment.settings.partitions)
    return Counted(
        sum(header.applied for header in headers),
        sum(header.duplicates for header in headers),
        sum(header.dead_letters for header in headers),
        sum(header.transitions for header in headers),
        ends.records,
    )


@dataclass(frozen=True, slots=True)
class Balance:
    """Both sides of what must be equal, and what must have been seen."""

    answers: Answers
    counted: Counted
    received: int
    repeats: int
    bad_signatures: int
    timed_exits: int

    @property
    def events_add_up(self) -> bool:
        """Accepted = applied + duplicates + dead letters; calls without an answer may be on either side."""
        total = self.counted.applied + self.counted.duplicates + self.counted.dead_letters
        return self.answers.accepted <= total <= self.answers.accepted + self.answers.unanswered and self.answers.accepted > 0

    @property
    def transitions_add_up(self) -> bool:
        """Published = received with good signatures, and none with a bad one."""
        return self.counted.transitions == self.received <= self.counted.published and self.received > 0 and self.bad_signatures == 0

    @property
    def timed_exit_seen(self) -> bool:
        """Somebody left because time passed."""
        return self.timed_exits > 0

    @property
    def adds_up(self) -> bool:
        """Both sides are equal, in both."""
        return self.events_add_up and self.transitions_add_up

    @property
    def good(self) -> bool:
        """All of it."""
        return self.adds_up and self.timed_exit_seen

    def faults(self) -> list[str]:
        """What does not hold, in words."""
        return [
            words
            for holds, words in (
                (self.events_add_up, "events accepted are not those applied, repeated and dead-lettered"),
                (self.transitions_add_up, "transitions published are not those received"),
                (self.timed_exit_seen, "nobody left because time passed"),
            )
            if not holds
        ]


class Books:
    """Opens with the counters as they are, and closes when nothing is under way any more."""

    def __init__(self, deployment: Deployment, before: Counted) -> None:
        self._deployment = deployment
        self._before = before

    async def balance(self, answers: Answers, story: Story, receiver: Receiver) -> Balance:
        """Both sides now. People go on leaving while it is read, so the two sides of transitions may differ by those under way."""
        counted = (await count(self._deployment)).since(self._before)
        return Balance(answers, counted, story.received, story.repeats, receiver.bad, len(story.exit_lateness_ms))

    async def close(self, answers: Answers, story: Story, receiver: Receiver, seconds: float, *, exits: bool) -> Balance:
        """The balance as soon as all is equal (and, with ``exits``, somebody left by time), else as it is when the time is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            balance = await self.balance(answers, story, receiver)
            if (balance.good if exits else balance.adds_up) or loop.time() > until:
                return balance
            await asyncio.sleep(_POLL_SECONDS)


def as_json(balance: Balance, story: Story, seconds: float) -> dict[str, Any]:
    """The summary for programs."""
    counted, answers = balance.counted, balance.answers
    return {
        "good": balance.good,
        "faults": balance.faults(),
        "seconds": round(seconds, 1),
        "people": len(story.people),
        "events": {
            "accepted": answers.accepted,
            "refused": answers.refused,
            "unanswered": answers.unanswered,
            "applied": counted.applied,
            "duplicates": counted.duplicates,
            "dead_letters": counted.dead_letters,
            "add_up": balance.events_add_up,
        },
        "transitions": {
            "published": counted.transitions,
            "received": balance.received,
            "repeats": balance.repeats,
            "bad_signatures": balance.bad_signatures,
            "add_up": balance.transitions_add_up,
        },
        "timed_exits": {
            "count": balance.timed_exits,
            "late_ms": {
                "p50": story.quantile_ms(0.5),
                "p99": story.quantile_ms(0.99),
                "max": max(story.exit_lateness_ms, default=0),
            },
        },
    }
