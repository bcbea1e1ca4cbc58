"""Runs one server and ends it when the process that asked for it is gone, however that went.

Started as a program, by path and without site-packages: ``guard.py PARENT_PID PID_FILE COMMAND...``.

The obvious way, PR_SET_PDEATHSIG between fork and exec of the server, kills it as soon as the *thread* that started it ends, and
running Python between fork and exec of a process with threads can hang. A pidfd means the whole process. The guard itself has one
thread, so here the death signal is right: whoever kills the guard kills the server.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

PR_SET_PDEATHSIG = 1
STOP_WITHIN_SECONDS = 15


def start_ticks(pid: int) -> int | None:
    """Return when the process started, in clock ticks since boot, or None when there is none; with the pid it names a process for ever."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[18])


def _die_with_the_guard() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _write_pid(path: Path, pid: int) -> None:
    waiting = path.with_suffix(".new")
    waiting.write_text(f"{pid} {start_ticks(pid)}\n", encoding="ascii")
    waiting.replace(path)


def guard(parent: int, pid_file: Path, command: list[str]) -> int:
    """Run ``command`` until it ends or ``parent`` does; return its exit status. SIGTERM is passed on to it."""
    parent_fd = os.pidfd_open(parent)
    if os.getppid() != parent:
        return 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_the_guard) as server:  # noqa: PLW1509

        def pass_on(signum: int, _frame: FrameType | None) -> None:
            server.send_signal(signum)

        signal.signal(signal.SIGTERM, pass_on)
        _write_pid(pid_file, server.pid)
        server_fd = os.pidfd_open(server.pid)
        ended, _, _ = select.select([parent_fd, server_fd], [], [])
        if server_fd not in ended:
            server.send_signal(signal.SIGCONT)
            server.terminate()
            if not select.select([server_fd], [], [], STOP_WITHIN_SECONDS)[0]:
                server.kill()
        status = server.wait()
    pid_file.unlink(missing_ok=True)
    return status


if __name__ == "__main__":
    sys.exit(guard(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]) & 0xFF)
