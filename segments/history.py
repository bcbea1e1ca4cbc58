"""The definitions a lane has gone through, and how a person is brought from one set to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from schemas.definitions.model import Bundle
from schemas.transition import Transition
from segments.engine import Engine
from segments.fill import NOTHING, Fill, adopt, fill_of
from segments.tally import Tally
from tagging.person import Person
from tagging.state import PersonState

Switches = tuple[tuple[int, int], ...]


class History:
    """Engines by version and the barriers between them. ``switches``: (version, barrier in absolute ms), oldest first.

    ``tally``: of all engines. ``secret``: the key under which ids are hashed, where the definitions ask for it. ``before``: the version
    that held before the newest, if it is known.
    """

    def __init__(self, bundles: Mapping[int, Bundle], switches: Switches, secret: bytes | None = None, before: int | None = None) -> None:
        self.switches = switches
        self.secret = secret
        self.tally = Tally()
        self._engines = {version: Engine(bundles[version], tally=self.tally, secret=secret) for version, _ in switches}
        self._forgets = self._any_forgets()
        self._fills = {new: fill_of(bundles[old], bundles[new]) for (old, _), (new, _) in pairwise(switches)}
        self._last = NOTHING if before is None or before not in bundles else fill_of(bundles[before], bundles[switches[-1][0]])

    @classmethod
    def of(cls, engine: Engine) -> History:
        """The history of a set that has always held."""
        made = cls({}, ())
        made.switches = ((engine.version, 0),)
        made.tally = engine.tally
        made._last = NOTHING
        made._engines = {engine.version: engine}
        made._forgets = made._any_forgets()
        return made

    @property
    def current(self) -> Engine:
        """The engine of the newest set."""
        return self._engines[self.switches[-1][0]]

    def switch(self, bundle: Bundle, barrier_ms: int) -> None:
        """From here on ``bundle`` holds; people are brought to it one by one."""
        self._last = self._fills[bundle.version] = fill_of(self.current.program.bundle, bundle)
        self._engines[bundle.version] = Engine(bundle, tally=self.tally, secret=self.secret)
        self.switches = (*self.switches, (bundle.version, barrier_ms))
        self._forgets = self._any_forgets()

    def forget(self) -> None:
        """Everybody is under the newest set: drop the older ones."""
        self.switches = self.switches[-1:]
        self._engines = {self.switches[0][0]: self.current}
        self._fills = {}
        self._forgets = self._any_forgets()

    def _any_forgets(self) -> bool:
        return any(engine.forget_after_ms is not None for engine in self._engines.values())

    @property
    def fill(self) -> Fill:
        """What the newest set needed from before it; nothing once everybody is under it."""
        return NOTHING if len(self.switches) < 2 else self._fills[self.switches[-1][0]]

    def stale(self, version: int) -> Fill:
        """What somebody under ``version`` has that the newest set fills anew."""
        return NOTHING if version >= self.current.version else self._last

    def bring(self, person: Person, out: list[Transition], shadow: PersonState | None = None) -> bool:
        """Bring a person to the newest set: what was due before each barrier under the old set, then one evaluation at it.

        ``shadow``: what the fill of the newest set has found of the person. False if the person is there already.
        """
        if person.state.definitions == self.switches[-1][0]:
            return False
        self._bring(person, out, shadow, self.switches[-1][1])
        return True

    def _bring(self, person: Person, out: list[Transition], shadow: PersonState | None, until_ms: int) -> None:
        """Through all barriers up to a time, itself included."""
        for version, barrier_ms in self.switches:
            held = person.state.definitions
            if version <= held:
                continue
            if barrier_ms > until_ms:
                return
            engine = self._engines.get(held)
            if engine is not None:
                engine.advance(person, barrier_ms - person.state.base, out)
            if version == self.switches[-1][0]:
                adopt(person.state, shadow, self.fill)
            self._engines[version].settle(person, barrier_ms, out)

    def end_of(self, state: PersonState, clock: int) -> int | None:
        """When the person was forgotten, if that is before the lane's clock (both absolute ms); None: it is not.

        That is ``forget_after`` after its last event, by the set that holds then; at the barrier at once, if a set asks for less than
        has passed by then.
        """
        if not self._forgets:
            return None
        switches = tuple(each for each in self.switches if each[0] >= state.definitions)
        return end_among(switches, lambda version: self._engines[version].forget_after_ms, state, clock)

    def finish(self, person: Person, end_ms: int, out: list[Transition], shadow: PersonState | None = None) -> None:
        """Bring a person to the time at which it is forgotten, and let it leave every segment then."""
        self._bring(person, out, shadow, end_ms)
        self._engines[person.state.definitions].give_up(person, end_ms, out, "erasure")


def end_among(switches: Switches, forget_after_ms: Callable[[int], int | None], state: PersonState, clock: int) -> int | None:
    """When somebody was forgotten, by the set that held then: as ``History.end_of``, over any switches, oldest first."""
    if state.active is None:
        return None
    active = state.base + state.active
    for at, (version, barrier_ms) in enumerate(switches):
        after = forget_after_ms(version)
        if after is None:
            continue
        end = max(active + after, barrier_ms)
        if end < (clock if at + 1 == len(switches) else switches[at + 1][1]):
            return end
    return None
