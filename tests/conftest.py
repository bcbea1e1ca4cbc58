"""What tests share: one real Kafka and one real Redis for the whole run, and a corner of both for each test."""

from __future__ import annotations

import gc
import itertools
import secrets
import warnings
from typing import TYPE_CHECKING

import pytest
import redis as redis_client

from stream.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_numbers = itertools.count(1)
_DATABASES = 63


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One Kafka and one Redis for the whole run. Take nothing down in it: that is what `own_stack` is for."""
    with Stack(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Kafka and a Redis for one test, to kill, pause and start again."""
    with Stack(tmp_path_factory.mktemp("own-stack")) as started:
        yield started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Where a broker was killed, aiokafka may give a connection up without closing it. It is found here, not in a later test."""
    result = yield
    if "own_stack" in getattr(item, "fixturenames", ()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
    return result


@pytest.fixture
def prefix() -> str:
    """A prefix for topics and consumer groups that no other test has."""
    return f"t{next(_numbers)}{secrets.token_hex(2)}."


@pytest.fixture
def redis_url(stack: Stack) -> str:
    """The url of an empty database that no other test uses meanwhile."""
    url = f"{stack.redis.removesuffix('/0')}/{next(_numbers) % _DATABASES + 1}"
    with redis_client.Redis.from_url(url) as client:
        client.flushdb()
    return url
