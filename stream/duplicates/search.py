# ruff: noqa: S608 - the names in these queries are our own: columns of a table that is made here
"""The search: rows into a database on disk, candidates by blocking keys, scores by Splink, pairs out one by one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker

from schemas.definitions.quality_model import DuplicateSearch
from stream.duplicates.model import FIELDS, population_of, settings_of, words_of
from stream.duplicates.rows import Row

MOST_IN_A_BLOCK: Final = 200
"""A value that more people share than this tells nothing, and their pairs would be without number: it is left out, and counted."""

MEMORY: Final = "1GB"
_CHUNK_ROWS: Final = 10_000
_PAIRS_AT_ONCE: Final = 1_000
_SEPARATOR: Final = "chr(31)"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who are probably one: ``score`` is that probability; ``why`` says what agrees, and what does not."""

    person: str
    other: str
    score: float
    why: tuple[str, ...]


class Search:
    """One search in a folder of its own. Memory is bounded by DuckDB's limit and one chunk of rows; the rest is on disk."""

    def __init__(self, folder: Path) -> None:
        config: dict[str, str | bool | int | float | list[str]]
        config = {"memory_limit": MEMORY, "temp_directory": str(folder), "threads": 2, "autoinstall_known_extensions": False}
        self._database = duckdb.connect(str(folder / "people.duckdb"), config=config)
        columns = ", ".join(f"{name} VARCHAR" for name in Row._fields)
        self._database.execute(f"CREATE TABLE people ({columns})")
        self._chunk: list[Row] = []
        self.people = 0
        self.left_out: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._database.close()

    def add(self, row: Row) -> None:
        """One more person."""
        self._chunk.append(row)
        self.people += 1
        if len(self._chunk) >= _CHUNK_ROWS:
            self._flush()

    def pairs(self, search: DuplicateSearch) -> Iterator[Pair]:
        """Probable pairs, the surest first, each once; the person is the lesser id. ``left_out`` then tells of each key how many values
        were too common.
        """
        self._flush()
        if self.people < 2:
            return
        found = self._scored(self._block(search.block_by), search.at_least)
        gammas = ", ".join(f"gamma_{name}" for name in FIELDS)
        cursor = self._database.execute(f"SELECT id_l, id_r, match_probability, {gammas} FROM {found} ORDER BY 3 DESC, 1, 2")
        while rows := cursor.fetchmany(_PAIRS_AT_ONCE):
            for one, other, score, *levels in rows:
                yield Pair(min(one, other), max(one, other), score, _why(levels))

    def _scored(self, blocks: Iterable[str], at_least: float) -> str:
        """The name of the table of pairs."""
        population = population_of(self.people)
        self._database.execute(
            "CREATE TABLE names AS "
            f"SELECT name_key, count(*) / {population} AS tf_name_key FROM blocked WHERE name_key IS NOT NULL GROUP BY 1"
        )
        api = DuckDBAPI(connection=self._database)
        settings = settings_of(population, blocks)
        linker = Linker(api.register("blocked"), settings, log_level=logging.CRITICAL, validate_settings=False)
        linker.table_management.register_term_frequency_lookup(api.register("names"), "name_key")
        return linker.inference.predict(threshold_match_probability=at_least, warning_mode="never").physical_name

    def _flush(self) -> None:
        if not self._chunk:
            return
        chunk = pa.table(dict(zip(Row._fields, zip(*self._chunk, strict=True), strict=True)), schema=_SCHEMA)
        self._database.register("chunk", chunk)
        self._database.execute("INSERT INTO people SELECT * FROM chunk")
        self._database.unregister("chunk")
        self._chunk = []

    def _block(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Make the table that is compared, with a column for each key; what too many share has none. The columns' names."""
        blocks = {f"block_{number}": key for number, key in enumerate(keys)}
        keyed = ", ".join(f"{_key(key)} AS {name}" for name, key in blocks.items())
        self._database.execute(f"CREATE TABLE keyed AS SELECT *, {keyed} FROM people")
        few = [f"CASE WHEN count(*) OVER (PARTITION BY {name}) <= {MOST_IN_A_BLOCK} THEN {name} END AS {name}" for name in blocks]
        self._database.execute(f"CREATE TABLE blocked AS SELECT {', '.join((*Row._fields, *few))} FROM keyed")
        for name, key in blocks.items():
            many = f"SELECT {name} FROM keyed WHERE {name} IS NOT NULL GROUP BY 1 HAVING count(*) > {MOST_IN_A_BLOCK}"
            self.left_out[key] = self._database.execute(f"SELECT count(*) FROM ({many})").fetchall()[0][0]
        return tuple(blocks)


_SCHEMA: Final = pa.schema([(name, pa.string()) for name in Row._fields])


def _key(key: str) -> str:
    columns = ["name_key" if part == "name" else part for part in key.split("+")]
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return f"CASE WHEN {known} THEN concat_ws({_SEPARATOR}, {', '.join(columns)}) END"


def _why(levels: Iterable[int]) -> tuple[str, ...]:
    return tuple(words for name, level in zip(FIELDS, levels, strict=True) if (words := words_of(name, level)) is not None)
