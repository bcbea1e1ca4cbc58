"""The log read by Faust: one agent, one event a fetch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.runtime.settings import Settings
from stream.worker.faust_app import LogApp
from stream.worker.faust_transport import Fetch, Log
from stream.worker.lane import LaneParts
from stream.worker.membership import Membership
from stream.worker.plain import consumer_options
from stream.worker.worker import Worker

_HINT_SECONDS = 5.0


class FaustRunner:
    """A Faust app within this process: it starts, rebalances and stops by Faust's hooks, and feeds lanes from Faust's agent.

    The agent is total. Faust takes an event whose agent raised for done, so an error here ends the process instead.
    """

    def __init__(self, settings: Settings, parts: LaneParts) -> None:
        self._settings = settings
        self._member = Membership(AIOKafkaConsumer(**consumer_options(settings)), settings.topics.events, parts, self._sought)
        self._log = _log(self._member, settings)
        self._sought_at: dict[int, int] = {}

    @property
    def worker(self) -> Worker:
        """See Runner."""
        return self._member.worker

    @property
    def ends(self) -> dict[int, int]:
        """See Runner."""
        return self._member.ends

    def stop(self) -> None:
        """See Runner."""
        self._member.stopping.set()

    async def run(self) -> None:
        """See Runner."""
        app = self._app()
        try:
            await self._start(app)
            await self._until_ended(app)
        finally:
            await self._member.hint()
            await self._member.release()
            await app.stop()
        if self._member.failure is not None:
            raise self._member.failure

    def _app(self) -> LogApp:
        settings = self._settings
        session_seconds = settings.worker.session_timeout_ms / 1000
        app = LogApp(f"{settings.prefix}worker", self._log, commit_seconds=_HINT_SECONDS, session_seconds=session_seconds)
        app.read(self._member.topic, self._agent)
        app.rebalance(taken=self._member.release, given=self._member.own)
        return app

    async def _start(self, app: LogApp) -> None:
        try:
            await app.start()
        except KafkaError as error:
            raise Unavailable(f"no Kafka answers at {self._settings.kafka}: {error}") from None

    async def _until_ended(self, app: LogApp) -> None:
        crashed = asyncio.create_task(app.wait_until_stopped(), name="faust-app")
        asked = asyncio.create_task(self._member.stopping.wait(), name="faust-asked")
        try:
            await asyncio.wait({crashed, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            crashed.cancel()
            asked.cancel()
        if app.crash_reason is not None:
            self._member.fail(app.crash_reason)

    async def _agent(self, fetches: AsyncIterator[Fetch]) -> None:
        """Never raises: Faust would acknowledge the event and go on."""
        async for fetch in fetches:
            try:
                self._feed(fetch)
            except Exception as error:  # noqa: BLE001 - it ends the process, loudly
                self._member.fail(error)

    def _feed(self, fetch: Fetch) -> None:
        """Give each lane its records, unless its place in the log has been set anew since they were read."""
        for partition, records in fetch.records.items():
            if fetch.number > self._sought_at.get(partition, 0):
                self._member.worker.feed(partition, records)

    def _sought(self, partitions: Collection[int]) -> None:
        self._sought_at.update(dict.fromkeys(partitions, self._log.fetches))


def _log(member: Membership, settings: Settings) -> Log:
    worker = settings.worker
    return Log(
        member.consumer,
        member.worker.room,
        member.hint,
        records_max=worker.records_in_flight_max,
        batch_records=worker.batch_records_max,
        pace_seconds=worker.fetch_pace_ms / 1000,
    )
