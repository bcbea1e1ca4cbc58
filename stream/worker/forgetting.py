"""Forgetting people who have been inactive for too long: as an erasure, but by a due time, and free to begin anew.

Nothing stays that would keep anybody away. A new incarnation begins at the lane's clock, which is later than anything that was applied
to the old one, so whoever reads the log again knows by it what to leave out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.identity_records import ForgetRecord
from stream.store.layout import person_digest, shadow_digest
from stream.worker.memory import Working

if TYPE_CHECKING:
    from stream.worker.people import People


def forget(people: People, working: Working, end_ms: int) -> None:
    """Let a person leave every segment at its end (absolute ms), delete it, and have the lanes of its other ids drop their pointers.

    Of ids that it has only asked for nothing is said: whoever is on the way from there becomes a part of the next incarnation.
    """
    changes, person = people.changes, working.person
    since = len(changes.transitions)
    people.memory.history.finish(person, end_ms, changes.transitions, working.shadow)
    people.note(working, since)
    people.remove(working)
    changes.gone.append(shadow_digest(working.digest))
    changes.forgotten += 1
    ids = tuple(person.ids())
    for other in ids[1:]:
        people.send(ForgetRecord(origin=0, number=0, to=other, ids=ids))


def is_forgotten(people: People, record: ForgetRecord) -> None:
    """An id stood for somebody who has been forgotten; whom it stands for by now, if for somebody else, it goes on standing for."""
    digest = person_digest(record.to)
    if people.pointers.get(digest) in record.ids:
        people.unpoint(digest)
        people.changes.gone.append(shadow_digest(digest))
