"""What the tests of the command line share: the real `ebbtide`, as a subprocess, on the stack of the test run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

EBBTIDE: Final = (sys.executable, "-m", "stream.cli")
ROOT: Final = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS: Final = 60.0


def environment(kafka: str, redis: str, prefix: str) -> dict[str, str]:
    """Of all commands: this deployment and no other setting of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EBBTIDE_") or name == "EBBTIDE_HOME"}
    return {**kept, "EBBTIDE_KAFKA": kafka, "EBBTIDE_REDIS": redis, "EBBTIDE_PREFIX": prefix, "EBBTIDE_PARTITIONS": "4"}


def ebbtide(env: Mapping[str, str], *arguments: str, code: int = 0) -> str:
    """Run a command to its end; what it printed. Fails with what it said if it exits otherwise."""
    done = subprocess.run([*EBBTIDE, *arguments], capture_output=True, text=True, env=dict(env), cwd=ROOT, timeout=120, check=False)
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def as_json(env: Mapping[str, str], *arguments: str, code: int = 0) -> list[Any]:
    """The lines of a command's JSON."""
    return [json.loads(line) for line in ebbtide(env, *arguments, "--json", code=code).splitlines()]


@contextmanager
def running(env: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on; asked to end on leaving, and it must."""
    process = subprocess.Popen([*EBBTIDE, *arguments], stdout=subprocess.PIPE, text=True, env=dict(env), cwd=ROOT, start_new_session=True)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(90)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def line_with(process: subprocess.Popen[str], key: str) -> dict[str, Any]:
    """The first line of JSON with a key; the test's own timeout bounds the wait."""
    assert process.stdout is not None
    for line in process.stdout:
        said = json.loads(line)
        if key in said:
            return dict(said)
    raise AssertionError(f"it ended without saying {key}")


def eventually(what: Callable[[], bool], every: float = 0.1) -> None:
    """Ask until it is so, every so many seconds; fail after the deadline."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < until, "it did not come to pass in time"
        time.sleep(every)
