"""Where people come from: the store of a deployment, or a list that is about to be imported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson

from schemas.errors import Misconfigured
from stream.explain.people import PeopleReader

Someone = tuple[str, dict[str, Any]]


async def everybody(people: PeopleReader, partitions: int) -> AsyncIterator[Someone]:
    """Everybody's id and traits as of their lane's last commit, partition by partition and slice by slice."""
    for partition in range(partitions):
        async for person in people.stored(partition):
            yield person.state.id, dict(person.traits())


def listed(path: Path) -> Iterator[Someone]:
    """The people of a file with a JSON object a line: ``{"person": "user:u1", "traits": {…}}``. Raises Misconfigured."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                found = orjson.loads(line)
            except orjson.JSONDecodeError:
                found = None
            person, traits = (found.get("person"), found.get("traits")) if type(found) is dict else (None, None)
            if type(person) is not str or type(traits) is not dict:
                raise Misconfigured(f'{path}:{number}: found another line, expected {{"person": "user:u1", "traits": {{…}}}}')
            yield person, traits
