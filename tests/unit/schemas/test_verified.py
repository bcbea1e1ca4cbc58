from __future__ import annotations

from typing import Any

import pytest

from schemas.verified import reader_of


@pytest.mark.parametrize(
    ("kind", "region", "value", "form"),
    [
        ("phone", "CN", "138 1234 5678", "+8613812345678"),
        ("phone", "CN", 13812345678, "+8613812345678"),
        ("phone", None, " +49 30 901820 ", "+4930901820"),
        ("phone", None, "13812345678", None),
        ("phone", "CN", "138 1234", None),
        ("phone", "CN", "call me", None),
        ("phone", "CN", 10**400, None),
        ("phone", "CN", True, None),
        ("email", None, "Ann@EXAMPLE.com", "Ann@example.com"),
        ("email", None, "王@example.com", "王@example.com"),
        ("email", None, "ann@example", None),
        ("email", None, "ann.example.com", None),
        ("email", None, 3, None),
        ("url", None, "HTTPS://Shop.Example/A?b=C", "https://shop.example/A?b=C"),
        ("url", None, "https://Me@Shop.example:8443/", "https://Me@shop.example:8443/"),
        ("url", None, "ftp://shop.example", None),
        ("url", None, "https:///x", None),
        ("url", None, "http://[x", None),
        ("url", None, "https://shop.example/a b", None),
        ("url", None, "https://shop.example/\u200b", None),
        ("url", None, "https://shop.example/" + "x" * 2_100, None),
        ("date", None, "1992-02-29", "1992-02-29"),
        ("date", None, "1993-02-29", None),
        ("date", None, "19930201", None),
        ("ip", None, "2001:0DB8::0001", "2001:db8::1"),
        ("ip", None, "10.0.0.1", "10.0.0.1"),
        ("ip", None, "10.0.0.256", None),
        ("uuid", None, "{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("uuid", None, "6ba7b810", None),
    ],
)
def test_what_can_be_used_has_one_form_and_the_rest_has_none(kind: str, region: str | None, value: Any, form: str | None) -> None:
    assert reader_of(kind, region)(value) == form
