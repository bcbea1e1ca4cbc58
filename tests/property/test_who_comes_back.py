"""What a first-party cookie joins: a browser that has forgotten its id, and never two people who share a device."""

from __future__ import annotations

from tests.property.test_who_regressions import deployed, ids_of_all, tell

COOKIE = {"anon": "a9"}


def test_a_visitor_whose_client_has_forgotten_the_id_is_one_person() -> None:
    deployment = deployed()
    tell(deployment, {"anonymousId": "a9"}, {"anonymousId": "a10", "ids": COOKIE}, {"anonymousId": "a11", "ids": COOKIE})
    assert ids_of_all(deployment) == [{"anon:a9", "anon:a10", "anon:a11"}]


def test_who_has_logged_in_once_is_known_without_a_login() -> None:
    deployment = deployed()
    tell(deployment, {"userId": "u1", "anonymousId": "a9"}, {"anonymousId": "a10", "ids": COOKIE})
    assert ids_of_all(deployment) == [{"anon:a9", "anon:a10", "user:u1"}]


def test_two_who_log_in_on_one_device_stay_two_people() -> None:
    deployment = deployed()
    tell(deployment, {"userId": "u1", "anonymousId": "a9"})
    tell(deployment, {"userId": "u2", "anonymousId": "a10", "ids": COOKIE})
    assert ids_of_all(deployment) == [{"anon:a10", "user:u2"}, {"anon:a9", "user:u1"}]


def test_what_is_done_without_a_login_on_a_shared_device_is_the_first_ones_and_joins_nobody_to_the_second() -> None:
    deployment = deployed()
    tell(deployment, {"userId": "u1", "anonymousId": "a9"}, {"anonymousId": "a10", "ids": COOKIE})
    tell(deployment, {"userId": "u2", "anonymousId": "a10", "ids": COOKIE})
    assert ids_of_all(deployment) == [{"anon:a10", "anon:a9", "user:u1"}, {"user:u2"}]
