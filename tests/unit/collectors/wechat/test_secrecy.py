from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto, WeChatCrypto

from collectors.wechat.secrecy import MessageCipher, is_signed
from tests.unit.collectors.wechat.vendor import AES_KEY, OTHER_KEY, signature

KEYS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=43, max_size=43)
# Texts that can be encoded: lone surrogates cannot be sent.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


def sealed(message: str, account: str = "wx123", key: str = AES_KEY) -> str:
    return str(PrpCrypto(WeChatCrypto("token", key, account).key).encrypt(message, account).decode())


@settings(deadline=None)
@given(KEYS, TEXTS, st.text("wx0123456789abcdef", min_size=1, max_size=63))
@example(AES_KEY, "", "wx123")
@example(AES_KEY, "x" * 12, "wx123456")  # a whole block of padding
def test_what_the_vendors_side_encrypts_is_opened(key: str, message: str, account: str) -> None:
    assert MessageCipher(key).open(sealed(message, account, key)) == (message.encode(), account)


@settings(deadline=None)
@given(PRINTABLE, PRINTABLE, PRINTABLE, TEXTS)
def test_the_vendors_side_and_ours_sign_alike(token: str, timestamp: str, nonce: str, encrypted: str) -> None:
    made = signature(token, timestamp, nonce, encrypted)
    assert is_signed(made, token.encode(), timestamp, nonce, encrypted)
    assert not is_signed(made[:-1] + ("0" if made[-1] != "0" else "1"), token.encode(), timestamp, nonce, encrypted)


@pytest.mark.parametrize("made", ["", "é", "\ud800", "0" * 40, "0" * 4000])
def test_a_signature_of_any_shape_is_compared_and_wrong(made: str) -> None:
    assert not is_signed(made, b"token", "1", "2")


# The samples that the vendor published with its own library: the check of an address, and a text message.
SAMPLE_ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
SAMPLE_TEXT = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qh"
    "xchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s"
    "4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/u"
    "h9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
)


def test_the_vendors_own_samples_are_read() -> None:
    cipher = MessageCipher(OTHER_KEY)
    assert is_signed("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", b"QDG6eK", "1409659589", "263014780", SAMPLE_ECHO)
    assert cipher.open(SAMPLE_ECHO) == (b"1616140317555161061", "wx5823bf96d3bd56c7")
    assert is_signed("477715d11cdb4164915debcba66cb864d751f3e6", b"QDG6eK", "1409659813", "1372623149", SAMPLE_TEXT)
    message, account = cipher.open(SAMPLE_TEXT)
    assert account == "wx5823bf96d3bd56c7"
    assert b"<Content><![CDATA[hello]]></Content>" in message


def test_one_changed_bit_never_opens_as_the_same_message_of_the_same_account() -> None:
    whole = b64decode(sealed("<xml>of 43 characters, so of several blocks</xml>"))
    expected = MessageCipher(AES_KEY).open(b64encode(whole).decode())
    for bit in range(16 * 8, len(whole) * 8):  # the first block only makes what is random anyway
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            opened = MessageCipher(AES_KEY).open(b64encode(changed).decode())
        except ValueError:
            continue
        assert opened != expected


@pytest.mark.parametrize(
    "sealed_text", ["", "=", "AAAA", "%%%%", "é", "A" * 43 + "=", b64encode(bytes(31)).decode(), b64encode(bytes(64)).decode()]
)
def test_what_is_no_whole_message_is_a_value_error(sealed_text: str) -> None:
    with pytest.raises(ValueError):
        MessageCipher(AES_KEY).open(sealed_text)


@pytest.mark.parametrize("key", ["", "short", "x" * 42, "x" * 44, "ü" * 43, "x" * 42 + " ", "x" * 43 + "\n"])
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError) as told:
        MessageCipher(key)
    assert not key or key not in str(told.value)


def test_a_cipher_shows_nothing_of_its_key() -> None:
    assert AES_KEY not in repr(MessageCipher(AES_KEY))
