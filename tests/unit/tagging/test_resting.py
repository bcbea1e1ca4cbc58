"""Edges of a person at rest are small, and come back as they were."""

from __future__ import annotations

import pytest

from schemas.identity_records import Edge
from tagging.codec import pack, unpack
from tagging.identities import Identities, pack_identities
from tagging.resting import laid_down, taken_up
from tagging.state import new_person

T = 1_764_000_000_000
UUID = "00000000-0000-4000-8000-0000000000ff"
UPPER = UUID.upper()


def known(*edges: Edge, asked: dict[str, int] | None = None) -> bytes:
    return pack_identities(Identities(list(edges), asked or {}, {}, {}, []), "user:u1")


def edge(other: str, at: int = T + 5) -> Edge:
    return Edge("user:u1", other, at, "shop", "viewed")


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        known(edge(f"anon:{UUID}")),
        known(edge(f"anon:{UPPER}"), edge("anon:a9"), edge("phone:+861"), edge(f"wx_unionid:{UUID}")),
        known(edge("anon:" + "z" * 36), Edge("anon:a9", "anon:a8", T - 7, "", "$alias")),
        known(edge("anon:a9"), asked={"phone:+861": T}),
    ],
)
@pytest.mark.parametrize("anonymous_id", [None, "a9", UUID])
def test_what_is_known_comes_back_byte_for_byte(packed: bytes, anonymous_id: str | None) -> None:
    assert taken_up(laid_down(packed, T, anonymous_id), T, anonymous_id) == packed


def test_the_anonymous_id_that_the_person_has_anyway_is_not_written_again() -> None:
    assert laid_down(known(edge(f"anon:{UUID}")), T, UUID) == ["", True, 5, "shop", "viewed"]
    assert laid_down(known(edge(f"anon:{UUID}")), T, None) == ["", bytes.fromhex(UUID.replace("-", "")), 5, "shop", "viewed"]


def test_what_is_open_stays_as_it_is() -> None:
    packed = known(edge("anon:a9"), asked={"phone:+861": T})
    assert laid_down(packed, T, "a9") == packed


def test_a_person_at_rest_knows_as_much_in_half_the_room() -> None:
    state = new_person("user:u1", 0, T, 1)
    state.anonymous_id, state.identities = UUID, known(edge(f"anon:{UUID}"))

    packed = pack(state)
    assert unpack(packed) == state
    assert len(packed) < len(state.identities) + 40
