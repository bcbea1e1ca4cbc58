"""Builds the two servers of the stack: writes their configuration and says how they are run."""

from __future__ import annotations

import base64
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from stream.stack.answers import kafka_answers, redis_answers
from stream.stack.config import KafkaPlace, format_command, java_command, kafka_properties, log4j_properties, redis_config
from stream.stack.home import find_java, find_kafka, find_program
from stream.stack.ports import free_port
from stream.stack.server import Server, ServerSpec, stop_stale

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMAT_WITHIN_SECONDS = 60


def kafka_server(folder: Path, port: int, env: Mapping[str, str], *, dump_archive: bool = False) -> Server:
    """Return a broker on ``port`` with its data in ``folder``, formatted if new. Raises Misconfigured when Java or Kafka is missing."""
    java, home = find_java(env), find_kafka(env)
    place = KafkaPlace(folder, port, free_port())
    spec = ServerSpec(
        name=f"Kafka {home.version}",
        command=java_command(java, home, place, dump_archive=dump_archive),
        folder=folder,
        answers=lambda: kafka_answers(port),
    )
    folder.mkdir(parents=True, exist_ok=True)
    stop_stale(spec)
    place.properties.write_text(kafka_properties(place), encoding="utf-8")
    place.logging.write_text(log4j_properties(), encoding="utf-8")
    if not (place.data / "meta.properties").is_file():
        _format(format_command(java, home, place, _new_cluster_id()))
    return Server(spec)


def redis_server(folder: Path, port: int, env: Mapping[str, str]) -> Server:
    """Return a store on ``port`` with its data in ``folder``. Raises Misconfigured when redis-server is missing."""
    program = find_program("redis-server", "redis-server", env)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "redis.conf"
    config.write_text(redis_config(folder, port), encoding="utf-8")
    return Server(ServerSpec("Redis", (program, str(config)), folder, lambda: redis_answers(port)))


def _new_cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


def _format(command: tuple[str, ...]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FORMAT_WITHIN_SECONDS)
    if done.returncode:
        raise Unavailable(f"Kafka's folder could not be formatted:\n{(done.stdout + done.stderr)[-2000:]}")
