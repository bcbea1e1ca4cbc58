"""Keeps one task running for each sender that is defined, and says which of them cannot run, and why."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from schemas.errors import EbbtideError, Misconfigured
from stream.runtime.catalogue import sender as catalogue
from stream.senders.schedule import Backoff
from stream.senders.signing import signer_from
from stream.senders.task import House, SenderTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.senders.directory import DefinedSender, Directory

_log = logging.getLogger(__name__)
_AGAIN = Backoff(first_seconds=1.0, factor=2.0, longest_seconds=30.0)
_STATES = ("running", "failing", "disabled", "not_ready")


class _Kept:
    """One sender under care."""

    def __init__(self, defined: DefinedSender, house: House, secrets: Mapping[str, str]) -> None:
        self.defined = defined
        self._house = house
        self._secrets = secrets
        self._stop = asyncio.Event()
        self.state = "running"
        self.why: str | None = None
        self.task: SenderTask | None = None
        self._keeping = asyncio.create_task(self._keep(), name=f"sender {defined.sender.id}")

    async def _keep(self) -> None:
        sender = self.defined.sender
        try:
            signer = signer_from(self._secrets, sender.secret_env)
            failures = 0
            while not self._stop.is_set():
                task = self.task = SenderTask(self.defined, signer, self._house)
                try:
                    await task.run(self._stop)
                except (KafkaError, OSError, EbbtideError) as error:
                    if isinstance(error, Misconfigured):
                        raise
                    failures += 1
                    await self._pause(error, failures)
                else:
                    break
        except Misconfigured as error:
            self.state, self.why = "not_ready", str(error)
        except Exception as error:  # noqa: BLE001 - one sender that breaks must not end the others
            _log.exception("sender %s stopped", sender.id)
            self.state, self.why = "failing", f"stopped by {type(error).__name__}"
        if self.task is not None and self.task.gone:
            self.state, self.why = "disabled", "its receiver answered 410; restart or change the definition to try again"
        if self.why is not None:
            _log.error("sender %s is %s: %s", sender.id, self.state, self.why)

    async def _pause(self, error: Exception, failures: int) -> None:
        self._house.tools.metrics.counter(catalogue.RESTARTS).inc()
        self.state, self.why = "failing", f"{type(error).__name__}: {error}"
        _log.warning("sender %s starts again after %s", self.defined.sender.id, self.why)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), _AGAIN.draw_seconds(failures, self._house.tools.chance))
        self.state, self.why = "running", None

    async def stop(self) -> None:
        """Drain and end."""
        self._stop.set()
        await self._keeping


class Supervisor:
    """All senders of the process."""

    def __init__(self, house: House, secrets: Mapping[str, str]) -> None:
        self._house = house
        self._secrets = secrets
        self._kept: dict[str, _Kept] = {}

    async def apply(self, directory: Directory) -> None:
        """Stop what is gone or changed, start what is new or changed; a sender that is as before goes on undisturbed."""
        leaving = [kept for name, kept in self._kept.items() if _other(kept.defined, directory.get(name))]
        await asyncio.gather(*(kept.stop() for kept in leaving))
        for kept in leaving:
            del self._kept[kept.defined.sender.id]
        for name, defined in directory.items():
            if name not in self._kept:
                self._kept[name] = _Kept(defined, self._house, self._secrets)

    async def stop(self) -> None:
        """Drain all."""
        await self.apply({})

    def check(self) -> str | None:
        """For ``/readyz``: the senders that do not deliver, each with the reason."""
        bad = [f"{name}: {kept.why}" for name, kept in sorted(self._kept.items()) if kept.why is not None]
        return "; ".join(bad) or None

    def measure(self) -> None:
        """Set the gauges."""
        metrics = self._house.tools.metrics
        tasks = [kept.task for kept in self._kept.values() if kept.task is not None]
        oldest = min((at for task in tasks if (at := task.oldest_ms()) is not None), default=None)
        age_seconds = 0.0 if oldest is None else max(0, self._house.tools.clock.now_ms() - oldest) / 1000
        metrics.gauge(catalogue.OLDEST_SECONDS).set(age_seconds)
        metrics.gauge(catalogue.WAITING).set(sum(len(task.plan) for task in tasks))
        metrics.gauge(catalogue.LAG_RECORDS).set(sum(task.lag() for task in tasks))
        metrics.gauge(catalogue.BREAKERS_OPEN).set(sum(task.plan.breaker.open for task in tasks))
        for state in _STATES:
            metrics.gauge(catalogue.SENDERS, state=state).set(sum(kept.state == state for kept in self._kept.values()))


def _other(old: DefinedSender, new: DefinedSender | None) -> bool:
    return new is None or (new.sender, new.decoys) != (old.sender, old.decoys)
