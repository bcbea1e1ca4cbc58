"""Bodies made to cost more than they weigh, each within a megabyte, in every wrapping that some protocol undoes."""

from __future__ import annotations

import gzip
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final
from urllib.parse import quote_from_bytes

MIB: Final = 1 << 20
BODY_BYTES_MAX: Final = MIB


@cache
def zeros(unpacked_bytes: int) -> bytes:
    """Gzip of so many blanks."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(unpacked_bytes // MIB)) + packer.flush()


WRAPPED: Final = {"lists deep and closed", "a hundred thousand keys", "data: many objects", "lines", "escapes"}
"""What goes in each wrapping too."""


def _wide(keys: int) -> bytes:
    return b"{" + b",".join(b'"%d":0' % number for number in range(keys)) + b"}"


def _inside(name: bytes, value: bytes) -> bytes:
    return b'{"%s":%s}' % (name, value)


LISTS: Final = (b"batch", b"events", b"data", b"requests", b"payload", b"properties")
"""Names under which protocols look for their events, or for more of one."""


@cache
def plain() -> dict[str, bytes]:
    """By what they are, as JSON or what begins like it."""
    found = {
        "lists a million deep": b"[" * 1_000_000,
        "lists deep and closed": b"[" * 500_000 + b"]" * 500_000,
        "objects deep": b'{"a":' * 200_000,
        "objects deep and closed": b'{"a":' * 170_000 + b"1" + b"}" * 170_000,
        "a hundred thousand keys": _wide(100_000),
        "a hundred thousand numbers": b"[" + b"0," * 499_999 + b"0]",
        "a hundred thousand objects": b"[" + b"{}," * 300_000 + b"{}]",
        "one long text": b'{"event":"' + b"x" * 1_000_000 + b'"}',
        "one long name": b'{"' + b"x" * 1_000_000 + b'":1}',
        "escapes": b'{"event":"' + b"\\u0041" * 170_000 + b'"}',
        "a long number": b'{"time":' + b"9" * 1_000_000 + b"}",
        "a long fraction": b'{"time":0.' + b"9" * 1_000_000 + b"e-400}",
        "blanks": b" " * 1_000_000 + b"{}",
        "lines": b"{}\n" * 330_000,
        "empty lines": b"\n" * 1_000_000,
    }
    for name in LISTS:
        text = name.decode()
        found[f"{text}: lists deep"] = _inside(name, b"[" * 400_000 + b"]" * 400_000)
        found[f"{text}: many objects"] = _inside(name, b"[" + b"{}," * 300_000 + b"{}]")
        found[f"{text}: many numbers"] = _inside(name, b"[" + b"0," * 450_000 + b"0]")
        found[f"{text}: wide"] = _inside(name, _wide(90_000))
        found[f"{text}: wide in a list"] = _inside(name, b"[" + _wide(90_000) + b"]")
        found[f"{text}: a thousand heavy ones"] = _inside(name, b"[" + b",".join([_heavy()] * 900) + b"]")
    return found


@cache
def _heavy() -> bytes:
    return (
        b'{"event":"e","type":"track","userId":"u","timestamp":"x","properties":'
        + b'{"a":' * 60
        + b"1"
        + b"}" * 60
        + b',"b":"%s"}' % (b"x" * 500)
    )


WRAPS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "as it is": bytes,
    "gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "form": lambda body: b"data=" + quote_from_bytes(body[:300_000]).encode(),
    "form of base64": lambda body: b"data=" + quote_from_bytes(b64encode(body[:700_000])).encode(),
    "form of base64 of gzip": lambda body: b"gzip=1&data_list=" + quote_from_bytes(b64encode(gzip.compress(body, 1, mtime=0))).encode(),
}


@cache
def bombs() -> tuple[tuple[str, bytes], ...]:
    """Name and body."""
    return tuple(_bombs())


def _bombs() -> Iterator[tuple[str, bytes]]:
    """Name and body."""
    for name, body in plain().items():
        for wrap, wrapped in WRAPS.items() if name in WRAPPED else [("as it is", bytes)]:
            yield f"{name}, {wrap}", wrapped(body)
    for unpacked in (100 * MIB, 900 * MIB):
        packed = zeros(unpacked)
        yield f"gzip of {unpacked // MIB} MiB", packed
        yield f"gzip of gzip of {unpacked // MIB} MiB", gzip.compress(packed, mtime=0)
        yield f"form of gzip of {unpacked // MIB} MiB", b"gzip=1&data=" + quote_from_bytes(b64encode(packed[: 600 * 1024])).encode()
    yield "many fields", b"&".join(b"a%d=1" % number for number in range(100_000))
    yield "many equal fields", b"data=1&" * 140_000
    yield "many empty fields", b"&" * 1_000_000
    yield "gzip members", gzip.compress(b"{}", mtime=0) * 40_000
    yield "percent signs", b"data=" + b"%" * 1_000_000
    yield "bytes that no text has", b"\xff" * 1_000_000
    yield "nothing but zeros", b"\x00" * 1_000_000
