"""Values are written in one way, and what is written so stays as it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.definitions.identity_model import Namespace
from schemas.normalisers import normaliser


def way(kind: Any, region: str | None = None) -> Callable[[str], str | None]:
    found = normaliser(Namespace("n", normalise=kind, region=region))
    assert found is not None
    return found


LOWER, EMAIL, CHINA = way("lower"), way("email"), way("phone", "CN")
REGIONS = {region: way("phone", region) for region in sorted(phonenumbers.SUPPORTED_REGIONS)}


def test_values_stand_as_they_came_unless_said_otherwise() -> None:
    assert normaliser(Namespace("user")) is None


def test_lower_takes_away_blanks_and_case() -> None:
    assert LOWER(" ABC-Ä ") == "abc-ä"
    assert LOWER("  ") is None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (" Ann.Lee+x@Shop.Example ", "ann.lee+x@shop.example"),
        ("ann@ｓｈｏｐ.example", "ann@shop.example"),
        ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("李@例子。中国", "李@xn--fsqu00a.xn--fiqs8s"),
        ("root@localhost", "root@localhost"),
        ('"a@b"@shop.example', '"a@b"@shop.example'),
    ],
)
def test_an_address_is_written_in_one_way(written: str, address: str) -> None:
    assert EMAIL(written) == address


@pytest.mark.parametrize("text", ["", "ann", "@shop.example", "ann@", "a b@shop.example", "ann@shop.", "ann@-x", "ann@\u0301x", "ann@a b"])
def test_what_is_no_address_names_nobody(text: str) -> None:
    assert EMAIL(text) is None


@pytest.mark.parametrize(
    "text", ["13800001234", "138 0000 1234", "+86 138-0000-1234", "0086 13800001234", "１３８００００１２３４", "tel:+8613800001234"]
)
def test_a_phone_number_is_written_in_one_way(text: str) -> None:
    assert CHINA(text) == "+8613800001234"


def test_a_number_with_a_country_code_belongs_to_that_country() -> None:
    assert CHINA("+44 20 7946 0018") == "+442079460018"
    assert way("phone")("+44 20 7946 0018") == "+442079460018"


@pytest.mark.parametrize("text", ["", "1", "12345678901234567890", "call me", "+999 1234567", "7946 0018", "9" * 300])
def test_an_impossible_number_names_nobody(text: str) -> None:
    assert REGIONS["GB"](text) is None


def test_without_a_region_a_number_without_a_country_code_names_nobody() -> None:
    assert way("phone")("13800001234") is None


def same_again(normalise: Callable[[str], str | None], text: str) -> None:
    once = normalise(text)
    assert once is None or normalise(once) == once


TEXTS = st.text(max_size=30)


@given(TEXTS)
@example("İ")
@example("ΑΣ")
def test_lower_leaves_its_own_work_alone(text: str) -> None:
    same_again(LOWER, text)


@given(st.builds("{}@{}".format, TEXTS, TEXTS) | st.builds("{}@{}.example".format, TEXTS, st.text("aÄßΣ１-。_\u200d", max_size=8)))
def test_an_address_that_was_written_so_stays(text: str) -> None:
    same_again(EMAIL, text)


@given(st.sampled_from(sorted(REGIONS)), st.text("0123456789+ -()", max_size=20) | st.integers(0, 10**15).map("+{}".format))
@example("CN", "0118572870491")
@example("AU", "0029003")
@example("AR", "+54 9 11 2345 6789")
@example("MX", "+52 1 55 1234 5678")
@example("IT", "02 1234567")
@example("BR", "0 15 11 91234 5678")
def test_a_number_that_was_written_so_stays(region: str, text: str) -> None:
    same_again(REGIONS[region], text)


def test_a_number_whose_written_form_is_read_as_another_names_nobody() -> None:
    assert CHINA("0118572870491") is None


def test_real_numbers_of_all_countries_are_read_with_and_without_their_code() -> None:
    for region, normalise in REGIONS.items():
        for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
            if number := phonenumbers.example_number_for_type(region, kind):
                written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                at_home = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
                abroad = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
                assert [normalise(form) for form in (written, at_home, abroad)] == [written] * 3, region


def test_the_tables_of_phone_numbers_are_loaded_only_where_a_namespace_asks_for_them() -> None:
    program = """
import sys
from schemas.definitions.identity_model import IdentityRules, Namespace
from schemas.identities import IdentityPolicy
IdentityPolicy(IdentityRules())
assert "phonenumbers" not in sys.modules and "idna" not in sys.modules
IdentityPolicy(IdentityRules((Namespace("phone", normalise="phone"), Namespace("email", normalise="email"))))
assert "phonenumbers" in sys.modules and "idna" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
