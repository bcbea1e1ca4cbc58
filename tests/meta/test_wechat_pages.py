"""What the pages of WeChat and WeCom show is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from collectors.wechat.app_messages import EVENTS_KNOWN
from schemas.definitions.parse import parse_files
from tests.unit.collectors.wechat.asking import call
from tests.unit.collectors.wechat.vendor import AES_KEY, TOKEN, Vendor

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "sources"
PAGES: Final = ("wechat", "wecom")


def block(page: str, head: str) -> str:
    (found,) = re.findall(rf"```{head}\n(.*?)```", text_of(page), re.DOTALL)
    return str(found)


def text_of(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_message_is_published_as_the_page_shows(page: str) -> None:
    sources = parse_files({"a.yaml": block(page, "yaml")}).sources
    first = sources[0]
    account = first.app_id or first.corp_id
    secrets = {first.token_env: TOKEN, first.aes_key_env: AES_KEY}
    heard = call(account, Vendor(account).sealed(block(page, "xml message")), family=page, sources=sources[:1], secrets=secrets)
    shown = json.loads(block(page, "json event"))
    assert {name: heard.event[name] for name in shown} == shown


def test_every_event_that_is_known_by_name_is_on_the_page() -> None:
    shown = {word.lower() for word in re.findall(r"`([A-Za-z_]+)`", text_of("wechat"))}
    assert shown >= EVENTS_KNOWN
