"""What `doctor` looks at. Each look is one function that finds something; none of them changes anything."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas.errors import EbbtideError, Unavailable
from stream.cli.deployment import Deployment, LogEnds, Member, administrator, log_ends, opened, worker_members
from stream.kafka.admin import topic_faults
from stream.runtime.settings import Settings
from stream.store.port import LaneHeader

State = Literal["good", "note", "bad"]
_SKEW_MS_MAX: Final = 500
_LAG_BAD: Final = 10_000
_OLDEST_REDIS: Final = (6, 2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``advice``: what to do, empty if nothing."""

    what: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class LaneState:
    """One lane. ``definitions``: its version, or the versions between which it is being brought."""

    partition: int
    owner: str | None
    cursor: int
    end: int
    definitions: str
    people: int
    clock_ms: int

    @property
    def lag(self) -> int:
        """Records that are in the log and not applied."""
        return max(0, self.end - self.cursor)


@dataclass(slots=True)
class Examination:
    """All that was found."""

    findings: list[Finding] = field(default_factory=list)
    lanes: list[LaneState] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """How many findings are to be mended."""
        return sum(finding.state == "bad" for finding in self.findings)


async def examine(settings: Settings) -> Examination:
    """Look at everything; what cannot be looked at is a finding too."""
    examined = Examination(await asyncio.to_thread(spool_findings, settings.spool_folder))
    broker, topics_good = await _broker(settings, examined)
    store = await _store(settings, examined)
    if broker and store and topics_good:
        try:
            async with opened(settings) as deployment:
                await _lanes(deployment, examined)
        except EbbtideError as error:
            examined.findings.append(Finding("lanes", "bad", str(error)))
    return examined


def spool_findings(folder: Path) -> list[Finding]:
    """What a collector on this machine has in its spool."""
    waiting = sum(path.stat().st_size for path in folder.glob("*.spool"))
    aside = list((folder / "set-aside").glob("*"))
    found = []
    if folder.exists():
        text = f"{waiting} bytes of events wait for the broker" if waiting else "empty"
        advice = "a running collector drains it; is one running?" if waiting else ""
        found.append(Finding("spool", "note" if waiting else "good", text, advice))
    if aside:
        text = f"{len(aside)} damaged or refused stretches were set aside"
        found.append(
            Finding("spool", "bad", text, f"events that were promised are in {folder / 'set-aside'}; check the disk, then move them")
        )
    return found


async def _broker(settings: Settings, examined: Examination) -> tuple[bool, bool]:
    try:
        async with administrator(settings) as admin:
            cluster: dict[str, Any] = await admin.describe_cluster()
        faults = await topic_faults(settings.kafka, settings.topics)
    except Unavailable as error:
        examined.findings.append(Finding("broker", "bad", str(error), "start it, or set EBBTIDE_KAFKA to where it is"))
        return False, False
    brokers = len(cluster.get("brokers", ()))
    examined.findings.append(Finding("broker", "good", f"{settings.kafka}, {brokers} broker{'' if brokers == 1 else 's'}"))
    missing = any("missing" in fault for fault in faults)
    for fault in faults:
        advice = (
            "run `ebbtide topics`" if "missing" in fault else "set it back with the broker's own tools; it decides what a replay yields"
        )
        examined.findings.append(Finding("topics", "bad", fault, advice))
    if not faults:
        examined.findings.append(Finding("topics", "good", f"{len(settings.topics.catalogue())} topics as they must be"))
    return True, not missing


async def _store(settings: Settings, examined: Examination) -> bool:
    client = Redis.from_url(settings.redis, decode_responses=True, socket_connect_timeout=3, socket_timeout=5)
    try:
        info: dict[str, Any] = await client.info()
        examined.findings += store_findings(info, settings.redis.rpartition("@")[2])
        before = time.time_ns() // 1_000_000
        seconds, microseconds = await client.time()
        after = time.time_ns() // 1_000_000
    except (RedisError, OSError) as error:
        examined.findings.append(Finding("store", "bad", f"no Redis answers: {error}", "start it, or set EBBTIDE_REDIS to where it is"))
        return False
    finally:
        await client.aclose()
    examined.findings.append(clock_finding("store's clock", seconds * 1000 + microseconds // 1000, before, after))
    return True


def store_findings(info: dict[str, Any], where: str) -> list[Finding]:
    """Version, append-only file, eviction, memory: as Redis tells them in INFO."""
    version = str(info.get("redis_version", "?"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    found = [
        Finding("store", "good", f"Redis {version} at {where}")
        if numbers >= _OLDEST_REDIS
        else Finding("store", "bad", f"Redis {version} at {where}", "use 6.2 or newer")
    ]
    if int(info.get("aof_enabled", 0)):
        found.append(Finding("append-only file", "good", "on"))
    else:
        advice = "CONFIG SET appendonly yes; without it a restart of Redis means reading the log again from an older state"
        found.append(Finding("append-only file", "bad", "off", advice))
    policy = str(info.get("maxmemory_policy", "?"))
    if policy == "noeviction":
        found.append(Finding("eviction policy", "good", policy))
    else:
        found.append(Finding("eviction policy", "bad", policy, "CONFIG SET maxmemory-policy noeviction; others throw people away"))
    most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if not most:
        found.append(Finding("memory", "note", f"{used >> 20} MiB used, no limit", "set maxmemory below what the machine has"))
    elif used > most * 0.8:
        found.append(Finding("memory", "bad", f"{used >> 20} of {most >> 20} MiB used", "give Redis more; when it is full, lanes stop"))
    else:
        found.append(Finding("memory", "good", f"{used >> 20} of {most >> 20} MiB used"))
    return found


def clock_finding(what: str, told_ms: int, before_ms: int, after_ms: int) -> Finding:
    """A clock that was asked between two looks at ours."""
    skew = told_ms - before_ms if told_ms < before_ms else max(0, told_ms - after_ms)
    if abs(skew) <= _SKEW_MS_MAX:
        return Finding(what, "good", f"{abs(skew)} ms from this machine's" if skew else "this machine's, as far as can be told")
    return Finding(what, "bad", f"{skew:+d} ms from this machine's", "run NTP on both; a wrong clock makes timed exits late or early")


async def _lanes(deployment: Deployment, examined: Examination) -> None:
    settings = deployment.settings
    headers, members = await deployment.headers(), await worker_members(settings)
    log = await log_ends(settings, settings.topics.events, settings.partitions)
    owners = {partition: member.name for member in members for partition in member.partitions}
    for partition, header in headers.items():
        examined.lanes.append(lane_state(partition, owners.get(partition), header or LaneHeader(), log))
    examined.findings += [*_workers(members, settings), *lane_findings(headers, log), _log_clock(headers)]
    examined.findings.append(_versions(headers, deployment.newest.version))


def lane_state(partition: int, owner: str | None, header: LaneHeader, log: LogEnds) -> LaneState:
    """One row of the table."""
    versions = " → ".join(str(version) for version, _ in header.switches)
    return LaneState(partition, owner, header.cursor, log.ends[partition], versions, header.people, header.clock)


def _workers(members: list[Member], settings: Settings) -> list[Finding]:
    if not members:
        return [Finding("workers", "bad", "none is running", "start one: `ebbtide worker`")]
    owned = {partition for member in members for partition in member.partitions}
    free = settings.partitions - len(owned)
    if free:
        return [Finding("workers", "note", f"{len(members)}; {free} lanes have no owner now", "wait: the group is being shared out anew")]
    return [Finding("workers", "good", f"{len(members)} running, all lanes owned")]


def lane_findings(headers: dict[int, LaneHeader | None], log: LogEnds) -> list[Finding]:
    """Lag, and cursors that the log cannot serve."""
    found = []
    behind = {partition: log.ends[partition] - (header.cursor if header else 0) for partition, header in headers.items()}
    total = sum(max(0, lag) for lag in behind.values())
    state: State = "bad" if total > _LAG_BAD else "good"
    found.append(Finding("lag", state, f"{total} records", "is a worker running, and fast enough? add one" if state == "bad" else ""))
    for partition, header in headers.items():
        cursor = header.cursor if header else 0
        if not log.starts[partition] <= cursor <= log.ends[partition]:
            text = f"lane {partition}: cursor {cursor} is outside the log, which holds {log.starts[partition]} to {log.ends[partition]}"
            found.append(Finding("lanes", "bad", text, "the store and the log do not belong together: restore the one that is wrong"))
    return found


def _log_clock(headers: dict[int, LaneHeader | None]) -> Finding:
    """Lane clocks are append times of the broker: none can be later than the broker's clock is."""
    newest = max((header.clock for header in headers.values() if header is not None), default=0)
    ahead = newest - time.time_ns() // 1_000_000
    if ahead > _SKEW_MS_MAX:
        return Finding("broker's clock", "bad", f"{ahead} ms ahead of this machine's", "run NTP on both")
    return Finding("broker's clock", "good", "not ahead of this machine's" if newest else "not known before the first record")


def _versions(headers: dict[int, LaneHeader | None], newest: int) -> Finding:
    held = {header.switches[-1][0] if header else 0 for header in headers.values()}
    if newest == 0:
        return Finding("definitions", "note", "none applied", "`ebbtide apply DIR`")
    if held == {newest}:
        return Finding("definitions", "good", f"version {newest} in all lanes")
    older = ", ".join(str(version) for version in sorted(held - {newest}))
    return Finding("definitions", "bad", f"version {newest} is the newest, lanes hold {older}", "start a worker; if one runs, apply again")
