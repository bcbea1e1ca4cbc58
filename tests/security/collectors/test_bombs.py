"""S2: what it checks: no body of a megabyte costs a decoder more than 50 ms of processor or 64 MiB of memory, nor makes it fail.

How: one route of each decoder is asked with bodies of all shapes (``bombs.py``): deep, wide, long, packed, in forms. The figure is 50 ms;
the test fails at ten times that, so that a busy machine cannot fail it. What took 100 to 970 ms before it was mended is far above.
"""

from __future__ import annotations

import time
from typing import Final

import pytest

from collectors.protocols.registry import PROTOCOLS
from stream.runtime.process import resident_bytes
from tests.security.collectors.bombs import BODY_BYTES_MAX, bombs
from tests.unit.collectors.asking import BASIC, KEY, ask

CPU_SECONDS_MAX: Final = 0.5
MEMORY_BYTES_MAX: Final = 64 << 20
KEYS: Final = "&".join(f"{name}={KEY}" for name in ("token", "writeKey", "measurement_id", "idsite", "tid"))
OTHERS: Final = {"settings", "flags", "wechat", "wecom"}


def paths() -> list[str]:
    """One of each decoder."""
    found: dict[tuple[str, str], str] = {}
    for protocol in PROTOCOLS:
        for route in protocol.routes:
            if b"POST" in route.methods and route.name not in OTHERS:
                decoder = getattr(route.parse, "func", route.parse).__qualname__
                found.setdefault((protocol.name, decoder), route.path.decode().replace("*", KEY))
    return sorted(set(found.values()))


@pytest.mark.slow
@pytest.mark.parametrize("path", paths())
def test_no_body_costs_much_more_than_it_weighs(path: str) -> None:
    bodies = [(name, body) for name, body in bombs() if len(body) <= BODY_BYTES_MAX]
    before = resident_bytes()
    for name, body in bodies:
        began = time.process_time()
        told = ask(f"{path}?{KEYS}&v=2", body, BASIC, method="POST")
        assert time.process_time() - began < CPU_SECONDS_MAX, (path, name)
        assert told.answer.status in {200, 204, 400, 401, 413}, (path, name)
        assert told.reason != "internal-error"
    assert resident_bytes() - before < MEMORY_BYTES_MAX
