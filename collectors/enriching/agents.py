"""Browser, system and device of a user agent, and whether it is a robot's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from ua_parser import Domain, loaders
from ua_parser.regex import Resolver

_REMEMBERED: Final = 8_192
_CHARACTERS_MAX: Final = 1_024
_ROBOT_BROWSER: Final = re.compile(r"bot\b|spider|crawler|^headless", re.IGNORECASE)
# What drives a browser, or says so in a way that the parser's rules of robots miss.
_ROBOT: Final = re.compile(r"headless|phantomjs|lighthouse|bytespider|externalagent|cypress/|puppeteer|playwright|selenium", re.IGNORECASE)


class Agent:
    """What a user agent says: ``fields`` as they stand in ``context.userAgentParsed``, not to be changed; empty if it says nothing."""

    __slots__ = ("fields", "is_robot")

    def __init__(self, fields: dict[str, str], *, is_robot: bool) -> None:
        self.fields = fields
        self.is_robot = is_robot


class Agents:
    """Reads user agents, each once as long as it is remembered. Making one takes a quarter of a second."""

    def __init__(self) -> None:
        self._resolve = Resolver(loaders.load_lazy_builtins())
        self.of = lru_cache(maxsize=_REMEMBERED)(self._read)

    def _read(self, text: str) -> Agent:
        if not text or len(text) > _CHARACTERS_MAX:
            return Agent({}, is_robot=False)
        try:
            found = self._resolve(text, Domain.ALL)
        except UnicodeEncodeError:
            return Agent({}, is_robot=False)
        browser, system, device = found.user_agent, found.os, found.device
        robot = (device is not None and device.family == "Spider") or (browser is not None and _ROBOT_BROWSER.search(browser.family))
        fields: dict[str, Any] = {}
        if browser is not None:
            fields["browser"] = browser.family
            fields["browserVersion"] = _version(browser.major, browser.minor)
        if system is not None and system.family != "Other":
            fields["os"] = system.family
            fields["osVersion"] = _version(system.major, system.minor)
        if device is not None and device.family != "Spider":
            fields |= {"device": device.family, "deviceBrand": device.brand, "deviceModel": device.model}
        said = {name: value for name, value in fields.items() if value}
        return Agent(said, is_robot=bool(robot or _ROBOT.search(text)))


def _version(major: str | None, minor: str | None) -> str:
    return f"{major}.{minor}" if major and minor else major or ""
