"""A lane that tells other lanes who is who, and takes from its log only the places at which they told it something."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tests.oracle.classify import Event, FromLane, Raw, partition_of, read_event
from tests.oracle.known import Edge, link_of
from tests.oracle.leaves import leaves_of
from tests.oracle.partition import Partition
from tests.oracle.person import Joined, Person
from tests.oracle.publishing import Why
from tests.oracle.times import write_time
from tests.oracle.uniting import unite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_HOPS = 64


@dataclass(frozen=True)
class Said:
    """What one lane tells another. ``person``: the absorbed one of a transfer; ``body``, ``event_ms``, ``said_ms`` and
    ``stood`` (partition and offset): of a forward.
    """

    kind: str
    to: str
    hops: int = 0
    phase: str = ""
    other: str = ""
    edge: Edge | None = None
    strong: tuple[str, ...] = ()
    explicit: bool = False
    first_login: bool = False
    reason: str = ""
    absorbed: str = ""
    person: Person | None = None
    ids: tuple[str, ...] = ()
    event_ms: int = 0
    said_ms: int = 0
    given_up_ms: int = 0
    body: dict[str, Any] | None = None
    stood: tuple[int, int] = (0, 0)


class TooManyHopsError(Exception):
    """A record has been passed on too often."""


@dataclass
class LinkingLane(Partition):
    """``say(target)`` gives what each other lane has said to this one so far. ``wrong``: where the log holds something else.

    When a lane comes round to forgetting somebody is its own affair, so what is said of it may stand anywhere among the rest.
    """

    said_to_me: Callable[[int], list[Said]] = lambda _origin: []
    pointers: dict[str, str] = field(default_factory=dict)
    sent: dict[int, list[Said]] = field(default_factory=lambda: defaultdict(list))
    taken: Counter[int] = field(default_factory=Counter)
    merged: list[dict[str, Any]] = field(default_factory=list)
    forgets_to_me: Callable[[int], list[Said]] = lambda _origin: []
    forgets: dict[int, list[Said]] = field(default_factory=lambda: defaultdict(list))
    forgets_taken: dict[int, list[Said]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)

    def is_waiting_for(self, said: FromLane) -> bool:
        """Whether the lane that said this has not said it yet: a cause must come first."""
        if _is_of_a_filling(said):
            return False
        if said.body["type"] == "$forget":
            return said.number > self.taken[said.origin] and self._forget_said(said) is None
        return self._nth(said) > len(self.said_to_me(said.origin))

    def _nth(self, said: FromLane) -> int:
        """Which of all that was said by that lane, but for whom it forgot, it is, if it is the next."""
        return said.number - len(self.forgets_taken[said.origin])

    def _forget_said(self, said: FromLane) -> Said | None:
        """Whom the lane has forgotten, if it has, and this does not know it yet."""
        open_ones = list(self.forgets_to_me(said.origin))
        for taken in self.forgets_taken[said.origin]:
            open_ones.remove(taken)
        found = {key: value for key, value in said.body.items() if key not in ("origin", "number")}
        return next((one for one in open_ones if as_written(one) == found), None)

    def send(self, said: Said) -> None:
        """Tell the lane of whom it is for."""
        if said.hops > MOST_HOPS:
            raise TooManyHopsError
        self.sent[partition_of(said.to, self.partitions)].append(said)

    def _event(self, event: Event, append_ms: int) -> None:
        elsewhere = self.pointers.get(event.person)
        is_ours = partition_of(event.person, self.partitions) == self.number
        if elsewhere is None and event.person not in self.persons and not is_ours:
            elsewhere = event.person
        if elsewhere is not None:
            self.send(Said("forward", elsewhere, 1, event_ms=event.at, said_ms=append_ms, body=event.body, stood=(self.number, self.at)))
            return
        self._apply_and_claim(event.person, event)

    def _apply_and_claim(self, name: str, event: Event) -> None:
        person = self.apply(name, event)
        if person is not None and len(event.ids) > 1:
            self._claim(person, event)

    def _from_lane(self, said: FromLane, raw: Raw) -> None:
        if _is_of_a_filling(said):
            # What a filling finds is what is known here anyway.
            return
        if said.number != self.taken[said.origin] + 1:
            return
        self.taken[said.origin] += 1
        if said.body["type"] == "$forget":
            self._hears_of_forgotten(said)
            return
        mine = self.said_to_me(said.origin)[self._nth(said) - 1]
        found = {key: value for key, value in said.body.items() if key not in ("origin", "number", "state", "at")}
        if as_written(mine) != found | ({"strong": sorted(found["strong"])} if "strong" in found else {}):
            self.wrong.append(f"partition {self.number} at {raw.offset}: expected {as_written(mine)}, found {said.body}")
        if mine.kind == "transfer" and (mine.person is None) != (said.body.get("state") is None):
            self.wrong.append(f"partition {self.number} at {raw.offset}: a state where none is due, or none where one is")
        try:
            {"forward": self._forwarded, "link": self._link, "transfer": self._transferred}[mine.kind](mine, raw)
        except TooManyHopsError:
            self.dead_letters.append((raw.offset, "too-many-hops"))

    def _hears_of_forgotten(self, said: FromLane) -> None:
        mine = self._forget_said(said)
        assert mine is not None
        self.forgets_taken[said.origin].append(mine)
        if self.pointers.get(mine.to) in mine.ids:
            del self.pointers[mine.to]

    def has_forgotten(self, person: Person) -> None:
        """The lanes of the other ids are told."""
        ids = tuple(dict.fromkeys((person.id, *person.known.ids())))
        for name in ids[1:]:
            self.forgets[partition_of(name, self.partitions)].append(Said("forget", name, ids=ids))

    def _forwarded(self, said: Said, raw: Raw) -> None:
        if said.to in self.pointers:
            self.send(replace(said, to=self.pointers[said.to], hops=said.hops + 1))
            return
        assert said.body is not None
        # Who it is for has been decided; what it says of other ids is read by the rules that hold here.
        event = read_event(said.body, raw.append_ms, replace(self.lane(), oldest_ms=1 << 60), otherwise=said.to)
        assert isinstance(event, Event)
        self._apply_and_claim(said.to, replace(event, at=min(said.event_ms, self.clock_ms)))

    def _claim(self, person: Person, event: Event) -> None:
        """Ask for the ids that are new."""
        known = person.known
        known.forget(self.clock_ms)
        for name in event.ids[1:]:
            joined = {person.id, *known.ids()}
            if name in joined or (not event.explicit and (name in known.asked or name in known.refused)):
                continue
            if not event.explicit and not self._has_room(person, name):
                continue
            source = event.body.get("source")
            edge = (event.ids[0], name, self.clock_ms, source if isinstance(source, str) else "", event.name)
            if self.names.kind(name).joins == "never":
                known.join(edge)
                continue
            known.refused.pop(name, None)
            known.asked.setdefault(name, self.clock_ms)
            self.send(Said("link", name, 0, "claim", person.id, edge, strong=self._strong(person), explicit=event.explicit))

    def _has_room(self, person: Person, name: str) -> bool:
        kind = self.names.kind(name)
        held = {person.id, *person.known.ids(), *person.known.places()}
        alike = [one for one in held if self.names.kind(one).name == kind.name]
        return len(alike) < (1 if kind.strong else kind.limit) and len(held) < self.names.rules.ids_max

    def _strong(self, person: Person) -> tuple[str, ...]:
        held = {person.id, *person.known.ids(), *person.known.places()}
        return tuple(name for name in held if self.names.is_strong(name))

    def _link(self, said: Said, raw: Raw) -> None:
        if said.to in self.pointers:
            self._link_elsewhere(said, self.pointers[said.to])
            return
        person = self.persons.get(said.to)
        if person is not None:
            person.known.forget(self.clock_ms)
        if said.phase == "claim":
            self._claimed(said, person)
        elif said.phase == "offer":
            self._offered(said, person or self._begin(said.to))
        elif person is None:
            return
        elif said.phase == "accept":
            self._accepted(said, person)
        elif said.phase == "refuse":
            self._refused(said, person, said.reason)
        else:
            assert said.edge is not None
            person.known.join(said.edge)

    def _link_elsewhere(self, said: Said, target: str) -> None:
        if target == said.other:
            if said.phase in ("claim", "offer", "accept"):
                self._answer(said, "joined", said.to)
            return
        if said.phase == "claim" and self.names.kind(said.to).joins == "first_login":
            said = replace(said, first_login=True)
        phase = "claim" if said.phase == "accept" else said.phase
        self.send(replace(said, to=target, hops=said.hops + 1, phase=phase))

    def _claimed(self, said: Said, person: Person | None) -> None:
        assert said.edge is not None
        if person is not None and person.id == said.other:
            person.known.join(said.edge)
            return
        alone = (said.to,) if self.names.is_strong(said.to) else ()
        mine = alone if person is None else self._strong(person)
        why = self._why_apart(said, mine)
        if why:
            if person is not None:
                self._refused(said, person, why)
            self._answer(said, "refuse", said.to, reason=why)
        elif self.names.rank(said.to) < self.names.rank(said.other):
            self.send(replace(said, to=said.other, other=said.to, strong=mine, hops=said.hops + 1))
        elif person is None:
            self.pointers[said.to] = said.other
            self.send(Said("transfer", said.other, absorbed=said.to, edge=said.edge))
        elif mine and not said.explicit:
            self._answer(said, "offer", said.to, strong=mine)
        else:
            self._merge(person, said)

    def _why_apart(self, said: Said, mine: Iterable[str]) -> str:
        if said.explicit:
            return ""
        if said.first_login and mine and said.strong:
            return "first-login"
        slots: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for side, ids in enumerate((mine, said.strong)):
            for name in ids:
                slots[self.names.kind(name).name][side].add(name)
        return "two-strong-ids" if any(a - b and b - a for a, b in slots.values()) else ""

    def _offered(self, said: Said, person: Person) -> None:
        why = self._why_apart(said, self._strong(person))
        if why:
            self._refused(said, person, why)
            self._answer(said, "refuse", said.to, reason=why)
            return
        assert said.edge is not None
        person.known.kept[link_of(said.edge)] = (self.clock_ms, said.strong)
        self._answer(said, "accept", person.id, strong=self._strong(person))

    def _accepted(self, said: Said, person: Person) -> None:
        mine = self._strong(person)
        if set(mine) - set(said.strong):
            self._answer(said, "offer", said.to, strong=mine)
        else:
            self._merge(person, said)

    def _refused(self, said: Said, person: Person, why: str) -> None:
        assert said.edge is not None
        person.known.kept.pop(link_of(said.edge), None)
        for name in said.edge[:2]:
            if name in person.known.asked:
                person.known.refuse(name, why)

    def _answer(self, said: Said, phase: str, other: str, **fields: Any) -> None:
        self.send(replace(said, phase=phase, to=said.other, other=other, hops=0, **fields))

    def _begin(self, name: str) -> Person:
        person = self.touch(name)
        self.evaluate(person, self.clock_ms, Why("merge"))
        return person

    def _merge(self, person: Person, said: Said) -> None:
        """The person becomes a part of another, and leaves each segment."""
        into = said.other
        self.touch(person.id)
        self.leave_all(person, self.clock_ms, "merge")
        window_ms = self.active.settings.dedupe_ms
        person.ids = [(event_id, at) for event_id, at in person.ids if self.clock_ms - at < window_ms]
        self.merged.append(_merged(person, into, self.clock_ms))
        del self.persons[person.id]
        self.pointers[person.id] = into
        self.send(Said("transfer", into, absorbed=person.id, edge=said.edge, person=person, given_up_ms=self.clock_ms))

    def _transferred(self, said: Said, raw: Raw) -> None:
        if said.to in self.pointers:
            self.send(replace(said, to=self.pointers[said.to], hops=said.hops + 1))
            return
        begins = said.to not in self.persons
        person = self.touch(said.to)
        assert said.edge is not None
        person.known.forget(self.clock_ms)
        if said.person is not None:
            said.person.known.forget(self.clock_ms)
            window_ms = self.active.settings.dedupe_ms
            unite(person, said.person, self.active, self.clock_ms, window_ms)
            leaves = leaves_of(self.active).keys()
            person.events = [replace(one, leaves=one.leaves & leaves) for one in person.events]
            person.steps.append(Joined(said.person, said.given_up_ms, self.clock_ms, window_ms))
        if begins or said.person is not None:
            self.evaluate(person, self.clock_ms, Why("merge"))
        person.known.join(said.edge)
        if said.absorbed not in (person.id, *person.known.ids()):
            person.known.join((said.absorbed, person.id, *said.edge[2:]))
        person.known.asked.pop(said.absorbed, None)


def _merged(person: Person, into: str, t: int) -> dict[str, Any]:
    text = "\0".join((person.id, into, str(person.incarnation), "person.merged", str(t)))
    name = "tr_" + blake2b(text.encode(), digest_size=16).hexdigest()
    data = {"id": name, "from": person.id, "into": into, "incarnation": person.incarnation}
    return {"type": "person.merged", "timestamp": write_time(t), "data": data}


def _is_of_a_filling(said: FromLane) -> bool:
    return said.body["type"] == "$filled" and not said.body.get("hops")


def as_written(said: Said) -> dict[str, Any]:
    """The JSON of a record between lanes without origin, number and state; what is as usual is left out."""
    fields: dict[str, Any] = {"hops": said.hops, "explicit": said.explicit, "first_login": said.first_login, "reason": said.reason}
    fields |= {"strong": sorted(said.strong)}
    written: dict[str, Any] = {"type": f"${said.kind}", "to": said.to} | {key: value for key, value in fields.items() if value}
    if said.edge is not None:
        written["edge"] = list(said.edge)
    if said.kind == "forget":
        return written | {"ids": list(said.ids)}
    if said.kind == "forward":
        return written | {"event_ms": said.event_ms, "said_ms": said.said_ms, "event": said.body, "stood": list(said.stood)}
    return written | ({"phase": said.phase, "other": said.other} if said.kind == "link" else {"absorbed": said.absorbed})
