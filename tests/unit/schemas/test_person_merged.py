from __future__ import annotations

import json

from msgspec.structs import replace

from schemas.person_merged import PersonMerged

MERGED = PersonMerged("anon:a", "user:u1", 1_764_000_000_000, 1_764_000_000_123)


def test_it_says_who_became_part_of_whom_and_when() -> None:
    assert json.loads(MERGED.to_json()) == {
        "type": "person.merged",
        "timestamp": "2025-11-24T16:00:00.123Z",
        "data": {"id": MERGED.id, "from": "anon:a", "into": "user:u1", "incarnation": 1_764_000_000_000},
    }


def test_its_id_is_stable_and_of_these_two_persons_alone() -> None:
    assert MERGED.id == "tr_" + MERGED.id[3:]
    assert len(MERGED.id) == 35
    others = [
        replace(MERGED, **{name: "x:y" if isinstance(value, str) else 7})
        for name, value in (("person", ""), ("into", ""), ("incarnation", 0), ("timestamp", 0))
    ]
    assert len({MERGED.id, replace(MERGED).id, *(other.id for other in others)}) == 5
