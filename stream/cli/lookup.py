"""Finding the person that a command names, brought forward to now."""

from __future__ import annotations

from stream.cli.deployment import Deployment
from stream.cli.errors import Failed
from stream.cli.output import plain
from stream.explain.people import Found
from stream.runtime.clock import SystemClock


async def find_person(deployment: Deployment, name: str) -> Found:
    """The person of an id as given (``user:u1``, ``anon:a-9``, ``namespace:value``), or of a bare id as user, then as anonymous.

    Raises Failed, saying what was tried.
    """
    tried = ([name] if ":" in name else []) + [f"user:{name}", f"anon:{name}"]
    now_ms = SystemClock().now_ms()
    for person_id in tried:
        found = await deployment.people.find(person_id, now_ms)
        if found is not None:
            return found
    raise Failed(
        f"nobody is known as {' or '.join(map(plain, tried))}\n"
        "A person exists from the first event that was applied on; `ebbtide doctor` shows whether the lanes are behind."
    )
