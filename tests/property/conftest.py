"""How many cases are drawn: a few hundred, the same each time, unless EBBTIDE_HYPOTHESIS=soak asks for many new ones."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from stream.store import layout
from stream.store import memory as memory_store
from stream.worker import memory as worker_memory
from stream.worker import sweep

# The phase that explains would trace every line.
_PHASES = (Phase.generate, Phase.shrink)
_BOTH = settings(deadline=None, database=None, suppress_health_check=tuple(HealthCheck), phases=_PHASES)
settings.register_profile("ci", _BOTH, max_examples=150, derandomize=True)
settings.register_profile("soak", _BOTH, max_examples=20_000, print_blob=True)
settings.load_profile(os.environ.get("EBBTIDE_HYPOTHESIS", "ci"))


@pytest.fixture(scope="module", autouse=True)
def _small_slices() -> Iterator[None]:
    """Two people in a slice instead of 128, so that a few people fill several."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (layout, memory_store, worker_memory, sweep):
            patch.setattr(module, "SLICE_PEOPLE", 2)
        yield
