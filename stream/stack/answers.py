"""Asks a server for a sign of life, with a socket and nothing else."""

from __future__ import annotations

import socket
import struct

from stream.stack.ports import LOOPBACK

_TIMEOUT_SECONDS = 0.5

# Length, then Metadata (key 3, version 1), correlation id 7, no client id, no topics.
_METADATA_REQUEST = struct.pack(">ihhihi", 14, 3, 1, 7, -1, 0)


def redis_answers(port: int) -> bool:
    """Whether Redis takes commands; while it reads its append-only file it does not."""
    try:
        with socket.create_connection((LOOPBACK, port), _TIMEOUT_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def kafka_answers(port: int) -> bool:
    """Whether the broker knows of a live broker: before it does, it cannot hand out leaders."""
    try:
        with socket.create_connection((LOOPBACK, port), _TIMEOUT_SECONDS) as connection:
            connection.sendall(_METADATA_REQUEST)
            head = b""
            while len(head) < 12:
                more = connection.recv(12 - len(head))
                if not more:
                    return False
                head += more
    except OSError:
        return False
    _, correlation, brokers = struct.unpack(">iii", head)
    return bool(correlation == 7 and brokers > 0)
