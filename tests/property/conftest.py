"""How many cases are drawn: two thousand, the same each time; EBBTIDE_HYPOTHESIS=few for a look, =soak for many new ones."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.property.small import small_slices

# The phase that explains would trace every line.
_PHASES = (Phase.generate, Phase.shrink)
_BOTH = settings(deadline=None, database=None, suppress_health_check=tuple(HealthCheck), phases=_PHASES)
settings.register_profile("few", _BOTH, max_examples=100, derandomize=True)
settings.register_profile("ci", _BOTH, max_examples=500, derandomize=True)
settings.register_profile("soak", _BOTH, max_examples=20_000, print_blob=True)
settings.load_profile(os.environ.get("EBBTIDE_HYPOTHESIS", "ci"))


@pytest.fixture(scope="module", autouse=True)
def _small_slices() -> Iterator[None]:
    with small_slices():
        yield
