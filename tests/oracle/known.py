"""Who a person is known to be: the edges between its ids, the ids it has asked for, and those that were refused."""

from __future__ import annotations

from dataclasses import dataclass, field

REFUSALS_KEPT = 64
EDGES_BYTES = 16 * 1024
ANSWER_MS = 7 * 86_400_000
Edge = tuple[str, str, int, str, str]
"""One id, the other, since when, the source and the name of the event that carried both."""


def link_of(edge: Edge) -> str:
    """Which attempt to link two persons the edge is of."""
    return "\n".join(map(str, edge[:3]))


def _bytes(edge: Edge) -> int:
    return 16 + sum(len(text.encode()) for text in (edge[0], edge[1], edge[3], edge[4]))


@dataclass
class Known:
    """``asked``: id → when: a claim is on its way. ``refused``: id → why, the oldest first.

    ``kept``: link → when, and for which strong ids of the other side a place is kept.
    """

    edges: list[Edge] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    kept: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    def places(self) -> set[str]:
        """All ids that may yet come."""
        return {*self.asked, *(name for _, names in self.kept.values() for name in names)}

    def ids(self) -> list[str]:
        """All ids that edges name, each once."""
        return list(dict.fromkeys(name for edge in self.edges for name in edge[:2]))

    def join(self, edge: Edge) -> None:
        """Two ids belong to the person; what was asked or refused of them is settled."""
        for name in edge[:2]:
            self.asked.pop(name, None)
            self.refused.pop(name, None)
        self.kept.pop(link_of(edge), None)
        is_new = not any({*edge[:2]} == {*held[:2]} for held in self.edges)
        if is_new and sum(_bytes(one) for one in [*self.edges, edge]) <= EDGES_BYTES:
            self.edges.append(edge)

    def refuse(self, name: str, why: str) -> None:
        """An id is not the person's."""
        self.asked.pop(name, None)
        self.refused.pop(name, None)
        self.refused[name] = why
        for oldest in list(self.refused)[:-REFUSALS_KEPT]:
            del self.refused[oldest]

    def forget(self, clock_ms: int) -> None:
        """What was asked more than seven days ago is not waited for any longer."""
        self.asked = {name: at for name, at in self.asked.items() if clock_ms - at <= ANSWER_MS}
        self.kept = {link: place for link, place in self.kept.items() if clock_ms - place[0] <= ANSWER_MS}

    def take_over(self, other: Known) -> None:
        """What an absorbed person knew; neither what is joined by now, nor what the survivor knows better."""
        for edge in other.edges:
            self.join(edge)
        mine = set(self.ids())
        for name, at in other.asked.items():
            if name not in mine:
                self.refused.pop(name, None)
                self.asked.setdefault(name, at)
        for link, place in other.kept.items():
            self.kept.setdefault(link, place)
        for name, why in other.refused.items():
            if name not in mine and name not in self.asked:
                self.refuse(name, why)
