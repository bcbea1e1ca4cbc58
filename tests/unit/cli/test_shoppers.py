from __future__ import annotations

from collections import Counter

from stream.cli.demo.shoppers import ACTIVE, Call, Crowd


def calls(seed: int, count: int = 3000, people: int = 120) -> tuple[list[Call], dict[str, str]]:
    told: dict[str, str] = {}
    crowd = Crowd(people, seed, "r")
    return [crowd.next_call(told.__setitem__) for _ in range(count)], told


def test_one_seed_is_one_story_and_another_seed_another() -> None:
    assert calls(1)[0] == calls(1)[0]
    assert calls(1)[0] != calls(2)[0]


def test_every_message_has_an_id_that_was_told_in_words() -> None:
    made, told = calls(1)

    assert {message["messageId"] for call in made for message in call.messages} == set(told)
    assert all(told.values())


def test_the_crowd_uses_every_way_in_repeats_itself_and_errs_a_little() -> None:
    made, _ = calls(1)
    ways = Counter(call.way for call in made)
    ids = Counter(message["messageId"] for call in made for message in call.messages)

    assert ways["call"] > ways["batch"] > 0
    assert ways["pixel"] > 0
    assert max(ids.values()) > 1
    assert any("timestamp" in message for call in made for message in call.messages)


def test_most_of_the_crowd_rests_so_that_scores_can_fade() -> None:
    made, _ = calls(1, count=400)

    assert len({call.lane for call in made[-20:]}) <= ACTIVE + 20
    assert len({call.lane for call in made}) > ACTIVE
