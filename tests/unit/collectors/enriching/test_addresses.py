from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.enriching.addresses import truncated


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("203.0.113.9", "203.0.113.0"),
        ("2001:db8:1234:5678::9", "2001:db8:1234::"),
        ("::ffff:203.0.113.9", "203.0.113.0"),
        (" 203.0.113.9 ", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("203.0.113.9, 10.0.0.1", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_the_last_part_goes(address: str, left: str) -> None:
    assert truncated(address) == left


@given(st.ip_addresses())
def test_a_network_is_left_and_stays(address: IPv4Address | IPv6Address) -> None:
    left = truncated(str(address))
    assert truncated(left) == left
    plain = getattr(address, "ipv4_mapped", None) or address
    assert ip_address(left) == ip_network((str(plain), 24 if plain.version == 4 else 48), strict=False).network_address
