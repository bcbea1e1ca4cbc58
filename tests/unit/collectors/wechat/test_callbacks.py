"""Callbacks as they come in: checks of the address, the three modes, signatures, keys that change, tries of one message."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import Source
from schemas.rejection import BY_CODE
from tests.unit.collectors.wechat.asking import BRAND, CORP, SECRETS, call
from tests.unit.collectors.wechat.vendor import AES_KEY, NONCE, OTHER_KEY, TOKEN, Callback, Vendor, signature, xml

WX = Vendor("wx123")
WW = Vendor("ww1")
HELLO = xml(MsgType="text", Content="hello", MsgId=23)
STRICT = {b"x-strict-mode": b"1"}


def refusal(account: str, callback: Callback, **more: object) -> tuple[int, str, str]:
    heard = call(account, callback, **more)  # type: ignore[arg-type]
    assert not heard.events
    return heard.answer.status, heard.reason, heard.detail


# ── the check of the address ──


def test_the_check_of_an_official_accounts_address_hears_its_own_words() -> None:
    heard = call("wx123", WX.checks("5927782489442352469"))
    assert (heard.answer.status, heard.answer.body, heard.events) == (200, b"5927782489442352469", [])
    assert b"content-type: text/plain" in heard.answer.head


@settings(deadline=None)
@given(st.text("0123456789", min_size=1, max_size=64))
def test_the_check_of_wecoms_address_hears_what_was_encrypted(echo: str) -> None:
    sealed = WW.checks_sealed(echo)
    assert call("ww1", sealed).answer.body == echo.encode()
    bare_plus = Callback(sealed.query.replace("%2B", "+"))
    assert call("ww1", bare_plus).answer.body == echo.encode()


def test_a_check_that_nobody_signed_hears_nothing_of_what_it_said() -> None:
    forged = Callback(WX.checks("<script>").query.replace("signature=", "signature=0"))
    assert refusal("wx123", forged) == (403, "wrong-signature", "account wx123: its signature is wrong")
    assert refusal("wx123", Callback("echostr=x")) == (403, "wrong-signature", "account wx123: no signature")
    assert refusal("ww1", Callback("echostr=x"))[:2] == (403, "wrong-signature")
    assert refusal("ww1", replace(WW, aes_key=OTHER_KEY).checks_sealed("1"))[:2] == (400, "not-decrypted")


# ── the modes ──


def test_success_is_what_wechat_wants_to_hear_and_nothing_is_what_wecom_does() -> None:
    assert call("wx123", WX.sealed(HELLO)).answer.body == b"success"
    assert call("ww1", WW.sealed(HELLO)).answer.body == b""
    assert call("ww1", WW.sealed(HELLO)).answer.status == 200


@pytest.mark.parametrize("as_json", [False, True])
def test_an_encrypted_message_is_read_in_xml_and_in_json(as_json: bool) -> None:
    said = {"FromUserName": "oP", "CreateTime": 1_763_999_999, "MsgType": "text", "Content": "hello", "MsgId": 23}
    for message in (HELLO, said):
        assert call("wx123", WX.sealed(message, as_json=as_json)).event["properties"] == {"kind": "text", "text": "hello"}


def test_in_compatible_mode_what_is_encrypted_counts_and_not_what_stands_beside_it() -> None:
    beside = "<FromUserName>oX</FromUserName><MsgType>text</MsgType><Content>forged</Content>"
    heard = call("wx123", WX.sealed(HELLO, beside=beside))
    assert heard.event["properties"]["text"] == "hello"
    assert heard.event["ids"] == {"wx_openid:wx123": "oP"}


def test_an_account_without_a_key_reads_what_is_plain_in_compatible_mode() -> None:
    beside = HELLO.removeprefix("<xml>").removesuffix("</xml>").partition("</ToUserName>")[2]
    callback = replace(WX, account="wx456").sealed("<xml>other</xml>", beside=beside)
    assert call("wx456", callback).event["properties"]["text"] == "hello"


def test_a_plain_message_to_an_account_with_a_key_is_refused_unless_its_source_says_plain() -> None:
    status, reason, detail = refusal("wx123", WX.plain(HELLO))
    assert (status, reason) == (403, "not-encrypted")
    assert "wx123" in detail
    assert "plain: true" in detail
    sources = (replace(BRAND, plain=True),)
    assert call("wx123", WX.plain(HELLO), sources=sources).event["properties"]["text"] == "hello"
    assert call("wx123", WX.sealed(HELLO), sources=sources).event["properties"]["text"] == "hello"


def test_an_encrypted_message_to_an_account_without_a_key_says_what_is_missing() -> None:
    status, reason, detail = refusal("wx456", replace(WX, account="wx456").sealed(HELLO))
    assert (status, reason) == (400, "not-decrypted")
    assert "aes_key_env" in detail


def test_plain_words_signed_by_nobody_are_refused_though_an_encrypted_query_is_copied() -> None:
    seen = WX.sealed(HELLO)
    forged = xml(MsgType="text", Content="forged", MsgId=24)
    assert refusal("wx123", Callback(seen.query, forged.encode()))[:2] == (403, "not-encrypted")


# ── signatures ──


def test_another_token_another_nonce_and_another_text_are_refused() -> None:
    for callback in (
        replace(WX, token="guessed").sealed(HELLO),
        Callback(WX.sealed(HELLO).query.replace(NONCE, "1"), WX.sealed(HELLO).body),
        Callback(WX.sealed(HELLO).query, WX.sealed(HELLO.replace("hello", "hullo")).body),
    ):
        heard = call("wx123", callback)
        assert (heard.answer.status, heard.reason, heard.proven) == (403, "wrong-signature", False)
    assert refusal("wx456", replace(WX, account="wx456", token="guessed").plain(HELLO))[:2] == (403, "wrong-signature")


def test_a_message_for_another_account_of_the_same_token_and_key_is_refused() -> None:
    status, reason, detail = refusal("wx123", Vendor("wx999").sealed(HELLO))
    assert (status, reason) == (400, "not-decrypted")
    assert "another one" in detail


def test_an_account_that_no_source_has_is_unknown_and_one_family_is_not_the_other() -> None:
    assert refusal("wx999", Vendor("wx999").sealed(HELLO), family="wechat") == (404, "unknown-account", "account wx999")
    assert refusal("wx123", WX.sealed(HELLO), family="wecom")[:2] == (404, "unknown-account")
    assert refusal("ww1", WW.sealed(HELLO), family="wechat")[:2] == (404, "unknown-account")
    no_callbacks = (Source("shop", "mini_program", app_id="wx456"),)
    assert refusal("wx456", Vendor("wx456").plain(HELLO), sources=no_callbacks)[:2] == (404, "unknown-account")


def test_two_sources_may_share_a_corp_and_each_knows_its_own_by_the_token() -> None:
    second = Source("contacts", "wecom", corp_id="ww1", token_env="T2", aes_key_env="K2")
    secrets = {**SECRETS, "T2": "second-token", "K2": OTHER_KEY}
    both = replace(WW, token="second-token", aes_key=OTHER_KEY)
    assert call("ww1", both.sealed(HELLO), sources=(CORP, second), secrets=secrets).event["source"] == "contacts"
    assert call("ww1", WW.sealed(HELLO), sources=(CORP, second), secrets=secrets).event["source"] == "corp"


# ── secrets ──


def test_while_secrets_change_the_old_and_the_new_hold() -> None:
    secrets = {"WX_TOKEN": f"new-token {TOKEN}", "WX_KEY": f"{OTHER_KEY} {AES_KEY}"}
    for vendor in (WX, replace(WX, aes_key=OTHER_KEY), replace(WX, token="new-token"), replace(WX, token="new-token", aes_key=OTHER_KEY)):
        assert call("wx123", vendor.sealed(HELLO), secrets=secrets).event["properties"]["text"] == "hello"
    assert refusal("wx123", replace(WX, aes_key=OTHER_KEY).sealed(HELLO))[1] == "not-decrypted"


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "key").write_text(AES_KEY)
    secrets = {"WX_TOKEN_FILE": str(tmp_path / "token"), "WX_KEY_FILE": str(tmp_path / "key")}
    assert call("wx123", WX.sealed(HELLO), secrets=secrets).answer.body == b"success"


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ({}, "neither WX_TOKEN nor WX_TOKEN_FILE is set"),
        ({"WX_TOKEN": " "}, "neither WX_TOKEN nor WX_TOKEN_FILE is set"),
        ({"WX_TOKEN": TOKEN}, "neither WX_KEY nor WX_KEY_FILE is set"),
        ({"WX_TOKEN": TOKEN, "WX_KEY": "hidden-key"}, "WX_KEY: an EncodingAESKey has 43 letters and digits, this one has 10 characters"),
        ({"WX_TOKEN": TOKEN, "WX_KEY_FILE": "/nowhere"}, "WX_KEY_FILE: FileNotFoundError on reading /nowhere"),
    ],
)
def test_without_its_secrets_an_account_is_out_of_order_and_the_log_says_why(
    secrets: dict[str, str], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert refusal("wx123", WX.sealed(HELLO), secrets=secrets) == (503, "account-not-ready", "account wx123")
    assert caplog.messages == [f"account wx123 of source brand takes no callbacks: {told}"]
    assert "hidden-key" not in caplog.text


# ── one message, several tries ──


def test_all_tries_of_a_message_have_one_id_whatever_else_differs() -> None:
    later = replace(WX, timestamp="1764000004")
    assert call("wx123", WX.sealed(HELLO)).event["id"] == call("wx123", later.sealed(HELLO)).event["id"] == "wechat-wx123-23"
    scan = xml("SCAN", EventKey="7")
    assert call("wx123", WX.sealed(scan)).event["id"] == call("wx123", later.sealed(scan)).event["id"]


def test_two_events_of_one_second_are_two() -> None:
    ids = {call("wx123", WX.sealed(message)).event["id"] for message in (xml("SCAN", EventKey="7"), xml("SCAN", EventKey="8"))}
    assert len(ids) == 2
    changes = {"FromUserName": "sys", "ChangeType": "add_external_contact", "UserID": "zhangsan"}
    contacts = [xml("change_external_contact", **changes, ExternalUserID=who) for who in ("wm1", "wm2")]
    assert len({call("ww1", WW.sealed(message)).event["id"] for message in contacts}) == 2


def test_one_message_id_of_two_accounts_is_two() -> None:
    assert call("wx123", WX.sealed(HELLO)).event["id"] != call("wx456", Vendor("wx456").plain(HELLO)).event["id"]


# ── what is proven and cannot be read ──

UNREADABLE = [
    ("<xml><MsgType>text", "bad-xml"),
    ("<!DOCTYPE xml><xml/>", "bad-xml"),
    ("nothing", "bad-xml"),
    ("<xml/>", "bad-shape"),
    ('{"MsgType": "text"', "bad-json"),
    (xml(), "bad-shape"),
    (xml(MsgType=None, InfoType="suite_ticket"), "bad-shape"),
    (xml("subscribe", CreateTime="now"), "bad-time"),
    (xml("subscribe", CreateTime="9" * 15), "bad-time"),
    (f"<xml>{'<a>' * 70}{'</a>' * 70}</xml>", "too-deep"),
    (f"<xml>{'<a/>' * 2_001}</xml>", "too-many-keys"),
    (xml(MsgType="text", Content="x" * 33_000), "event-too-large"),
]


@pytest.mark.parametrize("account", ["wx123", "wx456"])
@pytest.mark.parametrize(("message", "reason"), UNREADABLE)
def test_a_message_that_is_proven_and_unreadable_is_a_dead_letter_and_is_not_asked_for_again(
    account: str, message: str, reason: str
) -> None:
    vendor = Vendor(account)
    callback = vendor.sealed(message) if account == "wx123" else vendor.plain(message)
    heard = call(account, callback)
    assert (heard.answer.status, heard.answer.body, heard.reason, heard.proven) == (200, b"success", reason, True)
    assert BY_CODE[reason].dead_letter
    assert call(account, callback, headers=STRICT).answer.status == 400


def test_a_query_of_a_thousand_fields_is_refused() -> None:
    assert refusal("wx123", Callback("&".join(f"a{number}=1" for number in range(1_000))))[:2] == (400, "too-many-keys")


def test_a_signature_is_of_the_decoded_query() -> None:
    nonce = "a b+c&d"
    made = signature(TOKEN, "1", nonce)
    callback = Callback(f"signature={made}&timestamp=1&nonce={quote(nonce)}&echostr=x")
    assert unquote(callback.query).count("&") == 4
    assert call("wx123", callback).answer.body == b"x"
