"""The register in memory: for tests of what stands above the port. It passes the port's suite."""

from __future__ import annotations

from stream.lists.register import NOBODY, Bucket, ListBusy, ListTaken


class MemoryListRegister:
    """Keeps what it is given; a hold ends only by ``end`` or ``expire``."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._holders: dict[str, str] = {}
        self._buckets: dict[str, dict[int, Bucket]] = {}

    async def begin(self, list_id: str, token: str, now_ms: int) -> int:
        """See ListRegister."""
        if list_id in self._holders:
            raise ListBusy(list_id)
        self._holders[list_id] = token
        self._versions[list_id] = max(self._versions.get(list_id, 0) + 1, now_ms)
        return self._versions[list_id]

    def expire(self, list_id: str) -> None:
        """Let a hold run out, as it does in time when its put has died."""
        self._holders.pop(list_id, None)

    async def numbers(self, list_id: str) -> list[int]:
        """See ListRegister."""
        return sorted(self._buckets.get(list_id, {}))

    async def bucket(self, list_id: str, number: int) -> Bucket:
        """See ListRegister."""
        return self._buckets.get(list_id, {}).get(number, NOBODY)

    async def write(self, list_id: str, token: str, number: int, bucket: Bucket) -> None:
        """See ListRegister."""
        if self._holders.get(list_id) != token:
            raise ListTaken(list_id)
        held = self._buckets.setdefault(list_id, {})
        held[number] = bucket
        if bucket == NOBODY:
            del held[number]

    async def settle(self) -> None:
        """See ListRegister."""

    async def end(self, list_id: str, token: str) -> None:
        """See ListRegister."""
        if self._holders.get(list_id) == token:
            del self._holders[list_id]

    async def lists(self) -> dict[str, int]:
        """See ListRegister."""
        return dict(self._versions)
