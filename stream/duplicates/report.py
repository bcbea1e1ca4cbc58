"""A report of probable pairs: people in, pairs out, without those that an operator has told apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.definitions.fault import near_match, one_of
from schemas.definitions.quality_model import QualityRules
from schemas.definitions.quality_shapes import COMPARED_FIELDS
from schemas.errors import Misconfigured
from stream.duplicates.reading import everybody, listed
from stream.duplicates.refusals import Names
from stream.duplicates.rows import RowMaker

if TYPE_CHECKING:
    from stream.duplicates.search import Pair, Search
    from stream.explain.people import PeopleReader


class Report:
    """The pairs, surest first, and figures, which are whole when all pairs have been taken."""

    def __init__(self, search: Search, rules: QualityRules, refused: frozenset[Names]) -> None:
        self._search = search
        self._rules = rules
        self._apart = refused
        self.refused = 0

    @property
    def people(self) -> int:
        """How many have something that could be compared."""
        return self._search.people

    @property
    def left_out(self) -> dict[str, int]:
        """Of each key how many values were too common."""
        return self._search.left_out

    @property
    def pairs(self) -> Iterator[Pair]:
        """To be taken once."""
        for pair in self._search.pairs(self._rules.duplicates):
            if (pair.person, pair.other) in self._apart:
                self.refused += 1
            else:
                yield pair


async def report_of_store(
    stack: ExitStack, people: PeopleReader, partitions: int, rules: QualityRules, refused: frozenset[Names]
) -> Report:
    """Over everybody in the store. ``stack`` holds the temporary database. Raises Unavailable."""
    search, maker = _search(stack), RowMaker(rules)
    async for person, traits in everybody(people, partitions):
        if (row := maker.row(person, traits)) is not None:
            search.add(row)
    return Report(search, rules, refused)


def report_of_list(stack: ExitStack, path: Path, rules: QualityRules) -> Report:
    """Over a list that is not imported yet. Raises Misconfigured."""
    search, maker = _search(stack), RowMaker(rules)
    for person, traits in listed(path):
        if (row := maker.row(person, traits)) is not None:
            search.add(row)
    return Report(search, rules, frozenset())


def rules_over(rules: QualityRules, at_least: float | None, keys: tuple[str, ...]) -> QualityRules:
    """The rules with what the command line says over them. Raises Misconfigured."""
    for part in (part for key in keys for part in key.split("+")):
        if part not in COMPARED_FIELDS:
            near = near_match(part, COMPARED_FIELDS)
            hint = f"; did you mean {near!r}?" if near else ""
            raise Misconfigured(f"--by: found {part!r}, expected {one_of(COMPARED_FIELDS)}, or several joined by +{hint}")
    found = rules.duplicates
    found = replace(found, block_by=tuple(dict.fromkeys(keys)) or found.block_by)
    return replace(rules, duplicates=replace(found, at_least=found.at_least if at_least is None else at_least))


def _search(stack: ExitStack) -> Search:
    try:
        from stream.duplicates.search import Search  # noqa: PLC0415 - an extra, and a second to load
    except ModuleNotFoundError as error:
        raise Misconfigured(f"found no {error.name}, which looks for duplicates; pip install 'ebbtide[duplicates]'") from None
    return stack.enter_context(Search(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ebbtide-duplicates-")))))
