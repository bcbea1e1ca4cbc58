"""How much is taken of an address, a write key and a source."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from collectors.limiting.bucket import Bucket, Buckets
from collectors.limiting.quotas import Quotas
from schemas import rejection

if TYPE_CHECKING:
    from collectors.protocols.port import Submission
    from schemas.definitions.source_model import SourceLimits
    from schemas.rejection import Reason

_ADDRESSES_REMEMBERED: Final = 4_096
_NETWORK_BYTES: Final = 8


class Excess(NamedTuple):
    """More than is taken: why, by which limit, and how long until something is taken again."""

    reason: Reason
    limit: str
    wait_seconds: float


class Limiter:
    """Counts in this process alone. ``per_ip``: requests a second of an address, whatever they are; 0 is as many as come.

    ``now`` are seconds of a clock that never goes back.
    """

    __slots__ = ("_by_ip", "_by_key", "_by_source", "_by_source_and_ip", "_per_ip", "_quotas")

    def __init__(self, per_ip: int = 0, quotas: Quotas | None = None) -> None:
        self._per_ip = per_ip
        self._quotas = quotas or Quotas()
        self._by_ip, self._by_key, self._by_source, self._by_source_and_ip = Buckets(), Buckets(), Buckets(), Buckets()

    def request(self, client_ip: str, now: float) -> Excess | None:
        """Count a request before it is read."""
        if not self._per_ip:
            return None
        bucket = self._by_ip.of(network_of(client_ip), self._per_ip, now)
        wait = bucket.wait_seconds(now)
        if wait:
            return Excess(rejection.RATE_LIMITED, "ip", wait)
        bucket.spend(1)
        return None

    def events(self, submission: Submission, events: int, now: float) -> Excess | None:
        """Count the events of a request that was read, or none of them if any of its source's limits is reached."""
        source = submission.source
        if source is None or not events:
            return None
        limits = source.limits
        if not (limits.per_second or limits.per_key or limits.per_ip or limits.per_day):
            return None
        buckets = self._buckets(submission, source.id, limits, now)
        for limit, bucket, _ in buckets:
            wait = bucket.wait_seconds(now)
            if wait:
                return Excess(rejection.RATE_LIMITED, limit, wait)
        if limits.per_day:
            wait = self._quotas.wait_seconds(source.id, limits.per_day, submission.received_ms)
            if wait:
                return Excess(rejection.QUOTA_SPENT, "day", wait)
            self._quotas.spend(source.id, events, submission.received_ms)
        for _, bucket, counts_requests in buckets:
            bucket.spend(1 if counts_requests else events)
        return None

    def _buckets(self, submission: Submission, source: str, limits: SourceLimits, now: float) -> list[tuple[str, Bucket, bool]]:
        found = []
        if limits.per_ip:
            name = (source, network_of(submission.client_ip))
            found.append(("ip", self._by_source_and_ip.of(name, limits.per_ip, now), True))
        if limits.per_key:
            found.append(("key", self._by_key.of((source, submission.key), limits.per_key, now), False))
        if limits.per_second:
            found.append(("second", self._by_source.of(source, limits.per_second, now), False))
        return found


@lru_cache(maxsize=_ADDRESSES_REMEMBERED)
def network_of(client_ip: str) -> str:
    """What counts as one address: IPv4's own, and of IPv6 the /64, of which anybody has as many addresses as he likes."""
    if ":" not in client_ip:
        return client_ip
    try:
        address = ip_address(client_ip)
    except ValueError:
        return client_ip
    if not isinstance(address, IPv6Address):
        return client_ip
    return str(address.ipv4_mapped or address.packed[:_NETWORK_BYTES].hex())
