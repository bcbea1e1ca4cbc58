"""The sources and the checks of the newest definitions, followed on their topic, and kept on disk for a start without a broker."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from collectors.conforming import conforming, in_turn
from collectors.inspection import inspection
from collectors.server.first_types import FirstTypes
from collectors.sources import SourceTable
from collectors.spool.log import write_whole
from schemas.definitions.bundle import bundle_from_json, bundle_to_json
from schemas.errors import EbbtideError, Unavailable
from stream.kafka.bundles import BundleLog
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from collectors.enriching.enrichment import Enriching
    from schemas.definitions.model import Bundle
    from schemas.topics import Topics
    from stream.runtime.metrics import Metrics

_KEPT_IS_ENOUGH_AFTER_SECONDS: Final = 2.0
_log: Final = logging.getLogger(__name__)


class FollowedSources:
    """A ``SourceDirectory`` that keeps up with the definitions topic; a set that cannot be read changes nothing.

    ``kept``: the file that holds the newest set known.
    """

    def __init__(self, kafka: str, topics: Topics, metrics: Metrics, kept: Path | None = None, enriching: Enriching | None = None) -> None:
        self.table = SourceTable()
        self._metrics = metrics
        self._version = metrics.gauge(catalogue.DEFINITIONS_VERSION)
        self.types = FirstTypes(lambda source, number: metrics.counter(catalogue.TYPES_LEFT_OUT, source=source).inc(number))
        self._log = BundleLog(kafka, topics, self._take, self.types.take)
        self._kept = kept
        self._enriching = enriching
        self._keeping: asyncio.Task[None] | None = None
        self._newest: Bundle | None = None

    async def start(self) -> None:
        """Read the topic to its end, so that no known key is refused, then follow it.

        Where a set is kept and no broker answers, that set holds until one does. Raises ``Unavailable`` where none is kept.
        """
        if not self._read_kept():
            await self._log.start()
            return
        try:
            await self._log.start(_KEPT_IS_ENOUGH_AFTER_SECONDS)
        except Unavailable:
            _log.warning("no broker tells the newest definitions: version %d is used, which was the newest known", self.table.version)

    async def stop(self) -> None:
        """Stop following."""
        await self._log.stop()
        if self._keeping is not None:
            await asyncio.wait({self._keeping})

    def _take(self, bundle: Bundle) -> None:
        if bundle.version >= self.table.version:
            try:
                self._use(bundle)
            except EbbtideError as error:
                _log.error("a set of definitions that this version cannot use is ignored: %s", error)
                return
            self._newest = bundle
            if self._kept is not None and (self._keeping is None or self._keeping.done()):
                self._keeping = asyncio.get_running_loop().create_task(self._keep(self._kept), name="keep-definitions")

    def _use(self, bundle: Bundle) -> None:
        inspect = in_turn(inspection(bundle.quality, self._count), conforming(bundle.sources, self._count_violation, self.types))
        self.table = SourceTable(bundle.sources, bundle.version, inspect, self._enriching)
        self._version.set(bundle.version)

    def _read_kept(self) -> bool:
        try:
            if self._kept is None or not self._kept.exists():
                return False
            self._use(bundle_from_json(self._kept.read_bytes()))
        except (OSError, EbbtideError) as error:
            _log.warning("the definitions kept in %s cannot be read: %s", self._kept, error)
            return False
        return True

    async def _keep(self, kept: Path) -> None:
        while (bundle := self._newest) is not None:
            self._newest = None
            try:
                await asyncio.to_thread(write_whole, kept, bundle_to_json(bundle))
            except OSError as error:
                _log.warning("the definitions cannot be kept in %s: %s", kept, error)

    def _count(self, source: str, check: str, outcome: str) -> None:
        self._metrics.counter(catalogue.QUALITY_FINDINGS, source=source, check=check, outcome=outcome).inc()

    def _count_violation(self, source: str, kind: str, outcome: str) -> None:
        self._metrics.counter(catalogue.VIOLATIONS, source=source, kind=kind, outcome=outcome).inc()
