from __future__ import annotations

import pytest

from schemas.errors import Misconfigured
from stream.store.address import RedisAddress, parse_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1", RedisAddress("127.0.0.1", 6379, 0, False, None, None, None)),
        ("redis://host:7000/3", RedisAddress("host", 7000, 3, False, None, None, None)),
        ("rediss://u%40:p%2F@host/1", RedisAddress("host", 6379, 1, True, None, "u@", "p/")),
        ("redis://:secret@host?db=2", RedisAddress("host", 6379, 2, False, None, None, "secret")),
        ("unix:///run/redis.sock?db=4", RedisAddress("127.0.0.1", 6379, 4, False, "/run/redis.sock", None, None)),
    ],
)
def test_a_url_names_a_redis(url: str, expected: RedisAddress) -> None:
    assert parse_address(url) == expected


@pytest.mark.parametrize("url", ["http://host", "host:6379", "redis://host:port", "redis://host/zero", ""])
def test_a_url_that_names_none_is_refused_with_what_is_expected(url: str) -> None:
    with pytest.raises(Misconfigured, match="expected redis://"):
        parse_address(url)


def test_its_text_never_holds_the_password() -> None:
    assert "secret" not in str(parse_address("redis://user:secret@host:7000/3"))
