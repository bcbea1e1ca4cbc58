"""One server process of the stack: start it, wait until it answers, stop, kill, pause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from stream.stack import guard

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS = 0.02
_TAIL_LINES = 15
_KILL_WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class ServerSpec:
    """What to run and how to tell that it is there.

    ``folder`` takes the log and the pid file; ``answers`` asks the server for a sign of life and must return within a second.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    answers: Callable[[], bool]
    ready_within_seconds: float = 60.0
    stop_within_seconds: float = 20.0

    @property
    def log(self) -> Path:
        """What the server says, of all its starts."""
        return self.folder / "server.log"

    @property
    def pid_file(self) -> Path:
        """Written by the guard: the server's pid and its start time."""
        return self.folder / "server.pid"


class Server:
    """A server that belongs to this process: it ends when this process does, kill -9 included."""

    def __init__(self, spec: ServerSpec) -> None:
        self._spec = spec
        self._guard: subprocess.Popen[bytes] | None = None
        self._deadline = 0.0

    @property
    def name(self) -> str:
        """What people call it, version included."""
        return self._spec.name

    @property
    def running(self) -> bool:
        """Whether the process exists; a paused one does."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def pid(self) -> int:
        """The server's own pid. Raises Unavailable when it is not running."""
        if self.running and (found := _read_pid(self._spec.pid_file)):
            return found[0]
        raise Unavailable(f"{self.name} is not running")

    def start(self) -> None:
        """Start it and wait until it answers. Raises Unavailable, with the end of its log, when it does not."""
        self.launch()
        self.wait_until_it_answers()

    def launch(self) -> None:
        """Start it without waiting; does nothing when it runs already."""
        if self.running:
            return
        spec = self._spec
        spec.folder.mkdir(parents=True, exist_ok=True)
        stop_stale(spec)
        command = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), str(spec.pid_file), *spec.command]
        with spec.log.open("ab") as log:
            # A session of its own: Ctrl-C in a terminal goes to the whole group, and the broker must outlive the workers that drain to it.
            self._guard = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._deadline = time.monotonic() + spec.ready_within_seconds

    def wait_until_it_answers(self) -> None:
        """Return when it answers. Raises Unavailable, and stops it, when it ends first or the time of its spec is over."""
        while not self._spec.answers():
            if not self.running:
                raise Unavailable(f"{self.name} ended while starting; {self._log_tail()}")
            if time.monotonic() > self._deadline:
                self.kill()
                raise Unavailable(f"{self.name} did not answer within {self._spec.ready_within_seconds:g} s; {self._log_tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Ask it to end, wait, and kill it when it takes longer than its spec allows."""
        if self._guard is None:
            return
        if self.running:
            self.resume()
            self._guard.terminate()
            try:
                self._guard.wait(self._spec.stop_within_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._guard = None

    def kill(self) -> None:
        """Send SIGKILL, and return when the process is gone. Its data stays as it is."""
        if self._guard is None:
            return
        self._signal(signal.SIGKILL)
        try:
            self._guard.wait(_KILL_WITHIN_SECONDS)
        finally:
            self._guard = None

    def pause(self) -> None:
        """Stop it from running (SIGSTOP): connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server run on."""
        self._signal(signal.SIGCONT)

    def _signal(self, signum: signal.Signals) -> None:
        if not self.running:
            return
        self._await_pid_file()
        if found := _read_pid(self._spec.pid_file):
            with suppress(ProcessLookupError):
                os.kill(found[0], signum)

    def _await_pid_file(self) -> None:
        until = time.monotonic() + 5
        while self.running and _read_pid(self._spec.pid_file) is None and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)

    def _log_tail(self) -> str:
        try:
            lines = self._spec.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        except OSError:
            lines = []
        return f"the end of {self._spec.log}:\n" + "\n".join(f"  {line}" for line in lines)


def stop_stale(spec: ServerSpec) -> None:
    """End the server that a crashed owner of the same folder left behind, if it is still there."""
    found = _read_pid(spec.pid_file)
    for signum, seconds in ((signal.SIGTERM, spec.stop_within_seconds), (signal.SIGKILL, _KILL_WITHIN_SECONDS)):
        until = time.monotonic() + seconds
        if found is None or not _is_alive(found):
            break
        with suppress(ProcessLookupError):
            os.kill(found[0], signum)
        while _is_alive(found) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
    spec.pid_file.unlink(missing_ok=True)


def _read_pid(path: Path) -> tuple[int, int] | None:
    try:
        pid, ticks = path.read_text(encoding="ascii").split()
        return int(pid), int(ticks)
    except (OSError, ValueError):
        return None


def _is_alive(named: tuple[int, int]) -> bool:
    """Whether the very process is alive: a pid alone is given again to others."""
    pid, ticks = named
    return guard.start_ticks(pid) == ticks
