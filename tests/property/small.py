"""Slices so small that a few people fill several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stream.store import layout
from stream.store import memory as memory_store
from stream.worker import lane, sweep
from stream.worker import memory as worker_memory


@contextmanager
def small_slices() -> Iterator[None]:
    """Two people in a slice instead of 128."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (layout, memory_store, worker_memory, sweep, lane):
            patch.setattr(module, "SLICE_PEOPLE", 2)
        yield
