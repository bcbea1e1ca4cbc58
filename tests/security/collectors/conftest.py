from __future__ import annotations

from tests.integration.collectors.conftest import collector, http

__all__ = ["collector", "http"]
