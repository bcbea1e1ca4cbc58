"""WeChat's and WeCom's server as an account meets it: patient for five seconds, three times, and strict about what it hears."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp

from tests.unit.collectors.wechat.vendor import Callback, Vendor

PATIENCE_SECONDS: Final = 5.0
TRIES: Final = 3
HEARD: Final = "heard"


@dataclass
class VendorServer:
    """Calls back to one account. ``tries`` is what came of each try, of all messages."""

    http: aiohttp.ClientSession
    url: str
    vendor: Vendor
    plain: bool = False
    tries: list[str] = field(default_factory=list)

    @property
    def family(self) -> str:
        return "wecom" if self.vendor.account.startswith("ww") else "wechat"

    async def accepts_address(self, echo: str) -> bool:
        """What the button in the console does: the address must say the very words."""
        callback = self.vendor.checks_sealed(echo) if self.family == "wecom" else self.vendor.checks(echo)
        async with self.http.get(self._address(callback)) as answer:
            return answer.status == 200 and await answer.read() == echo.encode()

    async def deliver(self, message: str | dict[str, Any], *, deaf: int = 0, pause_seconds: float = 0) -> str:
        """What came of a message in the end. Each try is signed and encrypted anew; the answers to the first ``deaf`` ones get lost."""
        said = ""
        for number in range(TRIES):
            vendor = replace(self.vendor, timestamp=str(int(self.vendor.timestamp) + 5 * number))
            said = await self._try(vendor.plain(message) if self.plain else vendor.sealed(message))
            self.tries.append("lost" if said == HEARD and number < deaf else said)
            if self.tries[-1] == HEARD:
                break
            await asyncio.sleep(pause_seconds)
        return said

    async def _try(self, callback: Callback) -> str:
        patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        try:
            async with self.http.post(self._address(callback), data=callback.body, timeout=patience) as answer:
                body = await answer.read()
        except TimeoutError:
            return "silence"
        if answer.status != 200:
            return str(answer.status)
        return HEARD if body in {b"success", b""} else "nonsense"

    def _address(self, callback: Callback) -> str:
        return f"{self.url}/{self.family}/{self.vendor.account}?{callback.query}"
