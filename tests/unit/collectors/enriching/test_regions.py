from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.enriching.regions import ChinaFirst, MmdbRegions, NoRegions, XdbRegions, open_regions
from schemas.errors import Misconfigured
from stream.runtime.settings_collector import CollectorSettings
from tests.unit.collectors.enriching.files import CHINA, CITY, FLAT, write_mmdb, write_xdb

BRISBANE = {"country": "AU", "countryName": "Australia", "region": "Queensland", "city": "Brisbane"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mmdb(tmp_path_factory.mktemp("world") / "city.mmdb", CITY)


@pytest.fixture(scope="module")
def china(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_xdb(tmp_path_factory.mktemp("china") / "v4.xdb", CHINA)


def test_a_file_of_cities_tells_country_region_and_city(world: Path) -> None:
    regions = MmdbRegions(world, "en")
    assert regions.of("203.0.113.9") == BRISBANE
    assert regions.of("::ffff:203.0.113.9") == BRISBANE
    assert regions.of("2001:db8:1:2::3") == {"country": "JP", "countryName": "Japan"}


def test_names_are_in_the_language_that_is_asked_for_where_the_file_has_it(world: Path) -> None:
    found = MmdbRegions(world, "zh-CN").of("203.0.113.9")
    assert found == {"country": "AU", "countryName": "澳大利亚", "region": "Queensland", "city": "布里斯班"}


def test_a_flat_file_of_countries_is_read_too(tmp_path: Path) -> None:
    regions = MmdbRegions(write_mmdb(tmp_path / "flat.mmdb", FLAT), "en")
    assert regions.of("203.0.113.9") == {"country": "AU", "countryName": "Australia"}


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("112.64.0.1", {"country": "CN", "countryName": "中国", "region": "上海", "city": "上海市", "isp": "联通"}),
        ("112.64.1.1", {"country": "CN", "countryName": "中国", "region": "浙江省", "city": "杭州市", "isp": "电信"}),
        ("112.64.2.1", {"country": "CN", "countryName": "中国", "region": "江苏省", "city": "南京市", "isp": "移动"}),
        ("112.64.3.1", {}),
        ("112.64.4.1", {}),
        ("203.0.113.9", BRISBANE),
        ("112.65.0.1", {}),
    ],
)
def test_a_file_of_ip2region_tells_the_carrier_too(china: Path, address: str, found: dict[str, str]) -> None:
    assert XdbRegions([china]).of(address) == found


def test_one_file_for_each_version_of_addresses(china: Path, tmp_path: Path) -> None:
    regions = XdbRegions([china, write_xdb(tmp_path / "v6.xdb", {"2408:8000::/32": "中国|北京|北京市|联通|CN"}, version=6)])
    assert regions.of("2408:8000::1")["city"] == "北京市"
    assert regions.of("112.64.0.1")["city"] == "上海市"


def test_of_two_files_the_one_that_knows_china_is_asked_first(world: Path, china: Path) -> None:
    both = ChinaFirst(XdbRegions([china]), MmdbRegions(world, "zh-CN"))
    assert both.of("112.64.0.1")["isp"] == "联通"
    assert both.of("203.0.113.9")["city"] == "布里斯班"
    assert ChinaFirst(XdbRegions([china]), NoRegions()).of("203.0.113.9") == BRISBANE


def test_the_settings_say_which_files_there_are(world: Path, china: Path) -> None:
    assert isinstance(open_regions(CollectorSettings()), NoRegions)
    assert isinstance(open_regions(CollectorSettings(region_file=world)), MmdbRegions)
    assert open_regions(CollectorSettings(region_xdb_files=(china,))).of("112.64.0.1")["country"] == "CN"
    assert not open_regions(CollectorSettings()).of("203.0.113.9")


@given(st.text(max_size=40) | st.ip_addresses().map(str))
def test_whatever_the_address_nothing_is_raised(world: Path, china: Path, address: str) -> None:
    found = ChinaFirst(XdbRegions([china]), MmdbRegions(world, "en")).of(address)
    assert all(type(value) is str and value for value in found.values())


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"\3\0" + bytes(600_000), b"\7\0" + bytes(600_000)])
def test_a_file_that_cannot_be_read_is_told_with_its_setting(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "regions"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        Misconfigured, match=r"EBBTIDE_COLLECTOR_REGION_FILE: found .*regions, expected a file in MaxMind's format \(mmdb\): \w"
    ):
        open_regions(CollectorSettings(region_file=path))
    with pytest.raises(Misconfigured, match=r"EBBTIDE_COLLECTOR_REGION_XDB_FILES: found .*regions, expected a file of ip2region \(xdb\)"):
        open_regions(CollectorSettings(region_xdb_files=(path,)))


def test_a_damaged_file_says_nothing(world: Path, tmp_path: Path) -> None:
    whole = world.read_bytes()
    damaged = tmp_path / "damaged.mmdb"
    marker = whole.rindex(b"\xab\xcd\xefMaxMind.com")
    damaged.write_bytes(b"\xff" * marker + whole[marker:])
    assert MmdbRegions(damaged, "en").of("203.0.113.9") == {}
