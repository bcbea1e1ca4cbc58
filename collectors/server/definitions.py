"""The sources and the checks of the newest definitions, followed on their topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors.inspection import inspection
from collectors.sources import SourceTable
from stream.kafka.bundles import BundleLog
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from schemas.definitions.model import Bundle
    from schemas.topics import Topics
    from stream.runtime.metrics import Metrics


class FollowedSources:
    """A ``SourceDirectory`` that keeps up with the definitions topic; a set that cannot be read changes nothing."""

    def __init__(self, kafka: str, topics: Topics, metrics: Metrics) -> None:
        self.table = SourceTable()
        self._metrics = metrics
        self._version = metrics.gauge(catalogue.DEFINITIONS_VERSION)
        self._log = BundleLog(kafka, topics, self._take)

    async def start(self) -> None:
        """Read the topic to its end, so that no known key is refused, then follow it. Raises ``Unavailable``."""
        await self._log.start()

    async def stop(self) -> None:
        """Stop following."""
        await self._log.stop()

    def _take(self, bundle: Bundle) -> None:
        if bundle.version >= self.table.version:
            self.table = SourceTable(bundle.sources, bundle.version, inspection(bundle.quality, self._count))
            self._version.set(bundle.version)

    def _count(self, source: str, check: str, outcome: str) -> None:
        self._metrics.counter(catalogue.QUALITY_FINDINGS, source=source, check=check, outcome=outcome).inc()
