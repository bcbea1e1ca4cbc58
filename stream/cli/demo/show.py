"""The demo from start to end: machine, definitions, receiver, shoppers, balance."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from schemas.definitions.parse import Definitions
from schemas.errors import Misconfigured
from segments.compile import compile_bundle
from stream.cli.applying import apply, until_everywhere
from stream.cli.demo.balance import Balance, Books, count
from stream.cli.demo.reasons import Reasons
from stream.cli.demo.screen import Screen
from stream.cli.demo.shoppers import Crowd
from stream.cli.demo.story import Story
from stream.cli.demo.traffic import Traffic
from stream.cli.deployment import Deployment, opened
from stream.cli.up.machine import Machine
from stream.cli.up.platform import Platform, PlatformSpec
from stream.cli.up.stopping import stop_on_signals, unless_stopped
from stream.kafka.admin import ensure_topics
from stream.runtime.clock import SystemClock
from stream.runtime.definition_files import load_folder
from stream.senders.receiver import Receiver

DEFINITIONS: Final = Path(__file__).resolve().parents[3] / "examples" / "demo"
ENVIRONMENT: Final = {
    "EBBTIDE_COLLECTOR_PORT": "0",
    "EBBTIDE_COLLECTOR_METRICS_PORT": "0",
    "EBBTIDE_WORKER_METRICS_PORT": "0",
    "EBBTIDE_SENDER_METRICS_PORT": "0",
}
_APPLY_SECONDS: Final = 60.0
_DRAIN_SECONDS: Final = 60.0

Ended = tuple[Balance, Story, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asks for. ``seconds`` None: until somebody stops it."""

    folder: Path
    seconds: float | None
    people: int
    rate: float
    seed: int


def definitions_folder() -> Path:
    """The demo's definitions. Raises Misconfigured where the sources are not at hand."""
    if not DEFINITIONS.is_dir():
        raise Misconfigured(f"the demo's definitions are not in {DEFINITIONS}\nRun it from a checkout of Ebbtide: scripts/demo")
    return DEFINITIONS


def new_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


async def show(found: Machine, plan: Plan, screen: Screen, secret: str) -> Ended | None:
    """Run it all; None if it was stopped before anything could be seen."""
    stop = stop_on_signals(screen.say)
    platform = Platform(PlatformSpec(found.settings, found.env, plan.folder / "logs"), screen.say)
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        known: list[Reasons] = []
        story = Story(clock.now_ms, lambda row: known[0].ask(row) if known else screen.show(row))
        receiver = Receiver(secret, story.heard)
        await receiver.start()
        stack.push_async_callback(receiver.stop)
        await ensure_topics(found.settings.kafka, found.settings.topics)
        deployment = await stack.enter_async_context(opened(found.settings))
        stack.push_async_callback(platform.stop)
        books = Books(deployment, await count(deployment))
        if not await unless_stopped(stop, _started(platform, deployment, receiver, screen)):
            return None
        reasons = Reasons(deployment.people, compile_bundle(deployment.newest), screen.show)
        known.append(reasons)
        traffic = Traffic(platform.places["collector"]["url"], Crowd(plan.people, plan.seed, secrets.token_hex(3)), plan.rate, story)
        async with _running(reasons):
            seconds = await _shop(
                traffic, plan, stop, lambda: screen.live(story, lambda: traffic.answers, _title(found.write_env(plan.folder)))
            )
            screen.say("the shoppers are gone; waiting until everything under way has arrived …")
            balance = await books.close(traffic.answers, story, receiver, _DRAIN_SECONDS, exits=plan.seconds is not None)
        screen.say("stopping …")
    return balance, story, seconds


async def _started(platform: Platform, deployment: Deployment, receiver: Receiver, screen: Screen) -> None:
    await apply(deployment, _definitions(receiver.url))
    await platform.start()
    await deployment.bundles.stop()
    await deployment.bundles.start()
    version = deployment.newest.version
    screen.say(f"waiting until version {version} of the definitions holds in all lanes …")
    await until_everywhere(deployment, version, _APPLY_SECONDS, lambda _: None)


def _definitions(url: str) -> Definitions:
    read = load_folder(definitions_folder())
    return replace(read, senders=tuple(replace(sender, url=url) for sender in read.senders))


async def _shop(traffic: Traffic, plan: Plan, stop: asyncio.Event, live: Callable[[], AbstractContextManager[object]]) -> float:
    """Let the shoppers shop until the time is over or somebody stops it; the seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    enough = asyncio.Event()
    with live():
        shopping = asyncio.create_task(traffic.run(enough))
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.seconds):
                await asyncio.wait({shopping, asyncio.ensure_future(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        enough.set()
        await shopping
    return loop.time() - began


@asynccontextmanager
async def _running(reasons: Reasons) -> AsyncIterator[None]:
    task = asyncio.create_task(reasons.run(), name="reasons")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _title(leads: Path) -> str:
    return f"Ctrl-C ends it with a summary. In another terminal:\n. {shlex.quote(str(leads))}; ebbtide members hot_shoes"
