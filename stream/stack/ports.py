"""Free ports that stay free while a server is away."""

from __future__ import annotations

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_TRIES = 200


def _first_ephemeral_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except OSError:
        return 32768


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that nothing listens on, below the range the kernel lends to outgoing connections.

    Binding port 0 would take one out of that range: then, while a server is down, a client that keeps connecting to its port is
    sooner or later lent that very port as its own, connects to itself, and the server cannot come back. Raises OSError when there
    is none.
    """
    above = max(_first_ephemeral_port(), 11_000)
    lot = random.SystemRandom()
    for _ in range(_TRIES):
        port = lot.randrange(10_000, above)
        if _is_free(port):
            return port
    text = f"no free port between 10000 and {above}"
    raise OSError(text)
