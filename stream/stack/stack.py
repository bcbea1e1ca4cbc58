"""Kafka and Redis as one thing that starts and stops."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from schemas.errors import Misconfigured
from stream.stack.parts import kafka_server, redis_server
from stream.stack.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import TextIOWrapper
    from types import TracebackType

    from stream.stack.server import Server


def _say_nothing(_text: str) -> None:
    """Take progress texts that nobody reads."""


class Stack:
    """A real Kafka and a real Redis on the loopback, with their data in ``folder``.

    They belong to this process and end with it. Data, cluster id included, stays in the folder between starts.
    A port of 0 means any free one, None that this part is not wanted. ``fresh`` forgets the data of earlier starts. ``on_progress``
    is called with short texts for people. ``env`` is where Java, Redis and EBBTIDE_HOME are looked up, the process's own when left
    out.
    """

    def __init__(
        self,
        folder: Path,
        *,
        kafka_port: int | None = 0,
        redis_port: int | None = 0,
        fresh: bool = False,
        on_progress: Callable[[str], None] = _say_nothing,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder.absolute()
        self._kafka_port = kafka_port
        self._redis_port = redis_port
        self._fresh = fresh
        self._say = on_progress
        self._env = dict(os.environ) if env is None else env
        self._lock: TextIOWrapper | None = None
        self._kafka: Server | None = None
        self._redis: Server | None = None

    @property
    def kafka(self) -> str:
        """The bootstrap address, ``127.0.0.1:port``."""
        return f"{LOOPBACK}:{self._kafka_port}"

    @property
    def redis(self) -> str:
        """The url of database 0, ``redis://127.0.0.1:port/0``."""
        return f"redis://{LOOPBACK}:{self._redis_port}/0"

    @property
    def kafka_process(self) -> Server:
        """The broker: kill, start again (same port, same data), pause."""
        return _started(self._kafka)

    @property
    def redis_process(self) -> Server:
        """The store: kill, start again (same port, same data), pause."""
        return _started(self._redis)

    def start(self) -> None:
        """Start both and wait until both answer.

        Raises Misconfigured when something is not installed or another live process owns the folder, Unavailable when a server does
        not come up.
        """
        self._take_folder()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both, in order, and let go of the folder. May be called at any time, also twice."""
        for server in (self._redis, self._kafka):
            if server is not None:
                server.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        began = time.monotonic()
        if self._kafka_port is not None:
            self._kafka_port = self._kafka_port or free_port()
            self._kafka = kafka_server(self._folder / "kafka", self._kafka_port, self._env)
            self._say(f"starting {self._kafka.name} …")
            self._kafka.launch()
        if self._redis_port is not None:
            self._redis_port = self._redis_port or free_port()
            self._redis = redis_server(self._folder / "redis", self._redis_port, self._env)
            self._say(f"starting {self._redis.name} …")
            self._redis.start()
            self._say(f"{self._redis.name} answers on {LOOPBACK}:{self._redis_port}")
        if self._kafka is not None:
            self._kafka.wait_until_it_answers()
            self._say(f"{self._kafka.name} answers on {self.kafka} after {time.monotonic() - began:.1f} s")

    def _take_folder(self) -> None:
        """Hold the folder's lock for as long as this process lives; the kernel lets go of it after a crash too."""
        if self._lock is not None:
            raise Misconfigured(f"the stack in {self._folder} runs already")
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "owner").open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise Misconfigured(f"{self._folder} is in use by the running process {owner}: stop it, or choose another folder") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock
        if self._fresh:
            for part in ("kafka", "redis"):
                shutil.rmtree(self._folder / part, ignore_errors=True)


def _started(server: Server | None) -> Server:
    if server is None:
        raise Misconfigured("this part of the stack has not been started")
    return server
