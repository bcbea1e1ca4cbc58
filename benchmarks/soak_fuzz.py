"""What real clients sent, spoilt again and again, for every decoder: nothing may come of it but events and reasons."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.unit.collectors.asking import ask
from tests.unit.collectors.protocols.requests import CLIENTS, Recorded, recorded, spoilt

_CAPTURED: Final = Path(__file__).resolve().parent.parent / "tests" / "unit" / "collectors" / "captured"
_PROGRESS_SECONDS: Final = 30.0
_NOW_MS: Final = 1_795_700_000_000


def samples() -> list[tuple[str, Recorded]]:
    """Every request that was recorded or captured, by its client."""
    found = [(client, request) for client in CLIENTS for request in recorded(client)]
    for path in sorted(_CAPTURED.glob("*.json")):
        requests = json.loads(path.read_text(encoding="utf-8"))
        found.extend((path.stem, Recorded(said["method"], said["url"], said["headers"], b64decode(said["body"]))) for said in requests)
    return found


def fuzz(seconds: float, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures; ``failed`` names client, place and seed of what another exception left a decoder for."""
    chosen, all_samples = Random(seed), samples()
    outcomes: Counter[str] = Counter()
    failed: list[str] = []
    began = told = time.monotonic()
    while time.monotonic() - began < seconds:
        number, drawn = chosen.randrange(len(all_samples)), chosen.getrandbits(64)
        client, request = all_samples[number]
        broken = spoilt(request, drawn)
        try:
            answer = ask(broken.url, broken.body, broken.headers, method=broken.method, now_ms=_NOW_MS)
            outcomes[answer.reason or "read"] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            outcomes["failed"] += 1
            failed.append(f"{client}, sample {number}, seed {drawn}: {error!r}"[:500])
            say(f"  fuzz: {failed[-1]}")
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            say(f"  fuzz: {outcomes.total()} requests, {len(failed)} failed")
    return {"requests": outcomes.total(), "outcomes": dict(outcomes.most_common()), "failed": failed[:100], "clean": not failed}
