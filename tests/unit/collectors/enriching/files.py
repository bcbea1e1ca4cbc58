"""Small files of regions, as their makers write them."""

from __future__ import annotations

import struct
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from mmdb_writer import MMDBWriter
from netaddr import IPSet

_HEADER: Final = 256
_VECTORS: Final = 256 * 256 * 8
CITY: Final[dict[str, dict[str, Any]]] = {
    "203.0.113.0/24": {
        "country": {"iso_code": "AU", "names": {"en": "Australia", "zh-CN": "澳大利亚"}},
        "subdivisions": [{"iso_code": "QLD", "names": {"en": "Queensland"}}],
        "city": {"names": {"en": "Brisbane", "zh-CN": "布里斯班"}},
    },
    "198.51.100.7/32": {"country": {"iso_code": "DE", "names": {"en": "Germany"}}},
    "198.51.100.0/32": {"country": {"iso_code": "FR", "names": {"en": "France"}}},
    "2001:db8:1::/48": {"country": {"iso_code": "JP", "names": {"en": "Japan"}}},
    "192.0.2.1/32": {"country": 7, "city": [], "subdivisions": {}},
}
FLAT: Final[dict[str, dict[str, Any]]] = {"203.0.113.0/24": {"country": "Australia", "country_code": "AU", "asn": "AS1"}}
CHINA: Final = {
    "203.0.113.0/24": "Australia|Queensland|Brisbane|0|AU",
    "112.64.0.0/24": "中国|上海|上海市|联通|CN",
    "112.64.1.0/24": "中国|0|浙江省|杭州市|电信",
    "112.64.2.0/24": "中国|江苏省|南京市|移动",
    "112.64.3.0/24": "0|0|内网IP|内网IP|0",
    "112.64.4.0/24": "odd",
}


def write_mmdb(path: Path, networks: dict[str, dict[str, Any]]) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City", languages=["en", "zh-CN"])
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


def write_xdb(path: Path, networks: dict[str, str], *, version: int = 4) -> Path:
    """``ip2region``'s format 3: a header, for each first two bytes of an address where its segments begin and end, texts, segments."""
    size = 4 if version == 4 else 16
    index_size = size * 2 + 6
    texts, segments = bytearray(), []
    for network in sorted(map(ip_network, networks)):
        text = networks[str(network)].encode()
        first, last = network.network_address.packed, network.broadcast_address.packed
        order = -1 if version == 4 else 1  # the older version keeps addresses the other way round
        segments.append((first[:2], first[::order] + last[::order] + struct.pack("<HI", len(text), _HEADER + _VECTORS + len(texts))))
        texts += text
    vectors, start = bytearray(_VECTORS), _HEADER + _VECTORS + len(texts)
    for place in {place for place, _ in segments}:
        at = [number for number, (other, _) in enumerate(segments) if other == place]
        ends = struct.pack("<II", start + at[0] * index_size, start + at[-1] * index_size)
        offset = (place[0] * 256 + place[1]) * 8
        vectors[offset : offset + 8] = ends
    header = struct.pack("<HHIIIHH", 3, 1, 0, start, start + (len(segments) - 1) * index_size, version, 4)
    path.write_bytes(header.ljust(_HEADER, b"\0") + vectors + texts + b"".join(segment for _, segment in segments))
    return path
