from __future__ import annotations

import base64
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from schemas.errors import Misconfigured
from stream.senders.signing import Signer, signer_from

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = '{"type":"segment.entered","data":{"id":"tr_1","traits":{"city":"上海"}}}'.encode()


def signer(*secrets: str) -> Signer:
    return signer_from({"SHOP_SECRET": " ".join(secrets)}, "SHOP_SECRET")


def now_seconds() -> int:
    return int(time.time())


def verifies(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


@given(st.text(max_size=2000), st.from_regex(r"tr_[0-9a-f]{32}", fullmatch=True), st.binary(min_size=24, max_size=64))
def test_the_official_library_verifies_any_body(text: str, webhook_id: str, secret: bytes) -> None:
    encoded = "whsec_" + base64.b64encode(secret).decode()
    body = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()

    assert verifies(encoded, body, signer(encoded).headers(webhook_id, now_seconds(), body))


def test_ten_thousand_random_bodies_are_verified() -> None:
    chance = random.Random(11)
    signing, library, now = signer(SECRET), Webhook(SECRET), now_seconds()
    for number in range(10_000):
        body = chance.randbytes(chance.randrange(400)).decode("latin-1").encode()
        library.verify(body, signing.headers(f"tr_{number}", now, body), json_parse=False)


def test_every_single_bit_flip_of_the_body_is_rejected() -> None:
    headers = signer(SECRET).headers("tr_1", now_seconds(), BODY)
    for bit in range(len(BODY) * 8):
        flipped = bytearray(BODY)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verifies(SECRET, bytes(flipped), headers), bit


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_every_single_bit_flip_of_a_signed_header_is_rejected(name: str) -> None:
    headers = signer(SECRET).headers("tr_1", now_seconds(), BODY)
    value = headers[name].encode()
    for bit in range(len(value) * 8):
        flipped = bytearray(value)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verifies(SECRET, BODY, {**headers, name: flipped.decode("latin-1")}), bit


def test_every_single_bit_flip_of_the_signature_is_rejected() -> None:
    headers = signer(SECRET).headers("tr_1", now_seconds(), BODY)
    raw = base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        forged = "v1," + base64.b64encode(bytes(flipped)).decode()
        assert not verifies(SECRET, BODY, {**headers, "webhook-signature": forged}), bit


@pytest.mark.parametrize("age_seconds", [301, -310, 86_400])
def test_a_request_from_another_time_is_rejected(age_seconds: int) -> None:
    assert not verifies(SECRET, BODY, signer(SECRET).headers("tr_1", now_seconds() - age_seconds, BODY))


def test_during_a_rotation_both_secrets_verify_and_no_third_does() -> None:
    headers = signer(SECRET, OTHER).headers("tr_1", now_seconds(), BODY)

    assert verifies(SECRET, BODY, headers)
    assert verifies(OTHER, BODY, headers)
    assert not verifies("whsec_" + base64.b64encode(b"z" * 32).decode(), BODY, headers)
    assert len(headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_not*base64*at*all*not*base64*at*all",
        base64.b64encode(bytes(32)).decode(),
        f"{SECRET} {OTHER} {SECRET}",
        f"{SECRET} nonsense",
    ],
)
def test_what_is_no_secret_is_refused_by_name_and_never_shown(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        signer_from({"SHOP_SECRET": text}, "SHOP_SECRET")

    assert "SHOP_SECRET" in str(caught.value)
    assert not any(len(word) > 6 and word in str(caught.value) for word in text.split())


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(Misconfigured, match="SHOP_SECRET is not set"):
        signer_from({}, "SHOP_SECRET")


def test_a_signer_shows_no_secret() -> None:
    assert repr(signer(SECRET, OTHER)) == "Signer(2 secrets)"
