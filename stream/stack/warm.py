"""Tries the stack once and keeps the classes that the broker loaded, so that later starts take half the time. Run by scripts/setup."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from schemas.errors import EbbtideError
from stream.stack.home import find_kafka
from stream.stack.parts import kafka_server, redis_server
from stream.stack.ports import free_port


def main() -> int:
    """Start and stop everything in a folder that is thrown away; return 1, with the reason on standard error, when that fails."""
    env = dict(os.environ)
    try:
        find_kafka(env).archive.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="ebbtide-") as folder:
            broker = kafka_server(Path(folder) / "kafka", free_port(), env, dump_archive=True)
            store = redis_server(Path(folder) / "redis", free_port(), env)
            for server in (broker, store):
                server.start()
                server.stop()
    except EbbtideError as error:
        print(error, file=sys.stderr)  # noqa: T201 (a program)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
