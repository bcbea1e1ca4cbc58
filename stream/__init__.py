"""The imperative shell: everything that talks to Kafka, Redis, HTTP, the clock and the file system."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
"""The version of the whole distribution; packaging, metrics and headers read it here."""
