from __future__ import annotations

import pytest

from collectors.enriching.agents import Agents

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
    " MicroMessenger/8.0.42(0x18002a2f) NetType/WIFI Language/zh_CN"
)
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider)",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    "Mozilla/5.0 (compatible; YisouSpider/5.0)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0 Safari/537.36 Chrome-Lighthouse",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "meta-externalagent/1.1",
    "PhantomJS/2.1",
    "UptimeRobot/2.0",
)
PEOPLE = (
    *(CHROME, PHONE, "okhttp/4.9.1", "Dart/2.19 (dart:io)", "python-requests/2.31", "analytics-node/3.1.0", "Mozilla/5.0 Umami/24.1"),
    "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; U; Android 4.1; Panasonic eluga) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
)


@pytest.fixture(scope="module")
def agents() -> Agents:
    return Agents()


def test_browser_system_and_device_are_told(agents: Agents) -> None:
    assert agents.of(CHROME).fields == {"browser": "Chrome", "browserVersion": "120.0", "os": "Windows", "osVersion": "10"}
    assert agents.of(PHONE).fields == {
        "browser": "WeChat Browser",
        "browserVersion": "8.0",
        "os": "iOS",
        "osVersion": "17.1",
        "device": "iPhone",
        "deviceBrand": "Apple",
        "deviceModel": "iPhone",
    }


@pytest.mark.parametrize("text", ROBOTS)
def test_a_robot_is_known(agents: Agents, text: str) -> None:
    assert agents.of(text).is_robot


@pytest.mark.parametrize("text", PEOPLE)
def test_a_browser_and_a_vendors_client_are_no_robots(agents: Agents, text: str) -> None:
    assert not agents.of(text).is_robot


@pytest.mark.parametrize("text", ["", "x", "a" * 100_000, "Mozilla/5.0 " * 90, "\ud800"])
def test_what_says_nothing_gives_nothing(agents: Agents, text: str) -> None:
    assert not agents.of(text).fields
    assert not agents.of(text).is_robot


def test_an_agent_is_read_once(agents: Agents) -> None:
    assert agents.of(CHROME) is agents.of(CHROME)
