"""The life of a server, told with small real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.errors import Unavailable
from stream.stack.guard import start_ticks
from stream.stack.ports import free_port
from stream.stack.server import Server, ServerSpec, stop_stale

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)")


def spec(folder: Path, command: tuple[str, ...] = SLEEPS, *, answers: bool = True, seconds: float = 20) -> ServerSpec:
    return ServerSpec("Test 1.0", command, folder, lambda: answers, ready_within_seconds=seconds, stop_within_seconds=seconds)


def gone(pid: int, within_seconds: float = 20) -> bool:
    until = time.monotonic() + within_seconds
    while start_ticks(pid) is not None and time.monotonic() < until:
        time.sleep(0.02)
    return start_ticks(pid) is None


def pid_of(server: Server) -> int:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            return server.pid
        except Unavailable:
            time.sleep(0.02)
    return server.pid


def test_a_stopped_server_is_gone_and_can_be_started_again(tmp_path: Path) -> None:
    server = Server(spec(tmp_path))
    server.start()
    first = pid_of(server)
    server.stop()

    assert gone(first)
    assert not server.running
    server.start()
    second = pid_of(server)
    server.kill()
    assert gone(second)


def test_a_paused_server_can_be_stopped(tmp_path: Path) -> None:
    server = Server(spec(tmp_path))
    server.start()
    pid = pid_of(server)
    server.pause()
    server.stop()

    assert gone(pid)


def test_a_server_that_does_not_heed_is_killed(tmp_path: Path) -> None:
    server = Server(spec(tmp_path, STUBBORN, seconds=0.5))
    server.launch()
    pid = pid_of(server)
    server.stop()

    assert gone(pid)


def test_a_server_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    server = Server(spec(tmp_path, (sys.executable, "-c", "import sys; sys.exit('no such disk')"), answers=False))

    with pytest.raises(Unavailable, match=r"(?s)Test 1\.0 ended while starting.*no such disk"):
        server.start()


def test_a_server_that_never_answers_is_given_up_and_killed(tmp_path: Path) -> None:
    server = Server(spec(tmp_path, STUBBORN, answers=False, seconds=1))

    with pytest.raises(Unavailable, match=r"(?s)did not answer within 1 s.*deaf"):
        server.start()
    assert not server.running


def test_a_server_that_does_not_run_has_no_pid(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"Test 1\.0 is not running"):
        _ = Server(spec(tmp_path)).pid


def test_what_a_crashed_owner_left_running_is_stopped(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPS) as left:
        spec(tmp_path).pid_file.write_text(f"{left.pid} {start_ticks(left.pid)}\n")
        stop_stale(spec(tmp_path))

        assert left.wait(20) != 0


def test_a_pid_that_now_names_another_process_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPS) as other:
        started = start_ticks(other.pid)
        assert started is not None
        spec(tmp_path).pid_file.write_text(f"{other.pid} {started - 1}\n")
        stop_stale(spec(tmp_path))

        assert other.poll() is None
        other.kill()


def test_a_free_port_lies_below_those_lent_to_outgoing_connections() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert 10_000 <= free_port() < max(first, 11_000)


def test_this_process_has_a_start_time_and_a_nameless_one_has_none() -> None:
    assert start_ticks(os.getpid()) is not None
    assert start_ticks(2**22 + 1) is None
