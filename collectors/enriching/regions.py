"""Where an address is, by files that their owner gives: MaxMind's format, and ip2region's, which knows China better."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import maxminddb
from ip2region import searcher
from ip2region import util as xdb

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stream.runtime.settings_collector import CollectorSettings

_CHINA: Final = frozenset({"中国", "China", "CN"})
_UNKNOWN: Final = frozenset({"", "0", "Reserved", "内网IP"})

Location = dict[str, str]


class Regions(Protocol):
    """Tells where addresses are."""

    def of(self, address: str) -> Location:
        """``country`` (two letters), ``countryName``, ``region``, ``city``, ``isp``, as far as they are known; never raises."""
        ...


class NoRegions:
    """Knows nothing."""

    def of(self, address: str) -> Location:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return {}


class MmdbRegions:
    """A file in MaxMind's format, of whoever makes one: cities or countries in GeoIP2's shape, or IPinfo's flat one."""

    def __init__(self, path: Path, language: str) -> None:
        self._reader = _opened(path, "EBBTIDE_COLLECTOR_REGION_FILE")
        self._language = language

    def of(self, address: str) -> Location:
        """See the port."""
        try:
            found: Any = self._reader.get(_as_it_is(address))
        except (TypeError, ValueError, maxminddb.InvalidDatabaseError):  # a null character is a TypeError
            return {}
        if type(found) is not dict:
            return {}
        country, parts = found.get("country"), found.get("subdivisions")
        if type(country) is str:  # flat
            said = {"country": found.get("country_code"), "countryName": country, "region": found.get("region"), "city": found.get("city")}
            return _texts(said)
        part = parts[0] if type(parts) is list and parts else None
        code = country.get("iso_code") if type(country) is dict else None
        return _texts(
            {"country": code, "countryName": self._name(country), "region": self._name(part), "city": self._name(found.get("city"))}
        )

    def _name(self, place: object) -> object:
        names = place.get("names") if type(place) is dict else None
        if type(names) is not dict:
            return None
        return names.get(self._language) or names.get("en")


class XdbRegions:
    """Files of ip2region, of IPv4, IPv6 or one of each."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._by_version: dict[int, searcher.Searcher] = {}
        for path in paths:
            found = _opened_xdb(path)
            self._by_version[found.version.id] = found

    def of(self, address: str) -> Location:
        """See the port."""
        try:
            parsed = ip_address(_as_it_is(address))
            found = self._by_version.get(parsed.version)
            parts = found.search(parsed.packed).split("|") if found is not None else []
        except (ValueError, IndexError):
            return {}
        # Newer files: country, province, city, carrier, code. Older ones have a region in the second place, and no code.
        if len(parts) == 5 and len(parts[4]) == 2 and parts[4].isascii() and parts[4].isalpha():
            country, region, city, isp, code = parts
        elif len(parts) == 5:
            (country, _, region, city, isp), code = parts, ""
        elif len(parts) == 4:
            (country, region, city, isp), code = parts, ""
        else:
            return {}
        said = {"country": code.upper() or ("CN" if country in _CHINA else ""), "countryName": country, "region": region}
        return _texts({**said, "city": city, "isp": isp})


class ChinaFirst:
    """Two files: the one that knows China better is believed about China, and where the other knows nothing."""

    def __init__(self, china: Regions, world: Regions) -> None:
        self._china = china
        self._world = world

    def of(self, address: str) -> Location:
        """See the port."""
        found = self._china.of(address)
        if found.get("country") == "CN":
            return found
        return self._world.of(address) or found


def open_regions(settings: CollectorSettings) -> Regions:
    """What the settings name. Raises ``Misconfigured`` for a file that cannot be read."""
    world = NoRegions() if settings.region_file is None else MmdbRegions(settings.region_file, settings.region_language)
    return ChinaFirst(XdbRegions(settings.region_xdb_files), world) if settings.region_xdb_files else world


def _opened(path: Path, setting: str) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise Misconfigured(f"{setting}: found {path}, expected a file in MaxMind's format (mmdb): {_reason(error)}") from None


def _opened_xdb(path: Path) -> searcher.Searcher:
    setting = "EBBTIDE_COLLECTOR_REGION_XDB_FILES"
    try:
        with path.open("rb") as file:
            xdb.verify(file)
        content = path.read_bytes()
        whole = len(content) >= xdb.HeaderInfoLength + xdb.VectorIndexLength
        version = xdb.version_from_header(xdb.Header(content)) if whole else None
    except Exception as error:  # noqa: BLE001 - the library raises the base class
        raise Misconfigured(f"{setting}: found {path}, expected a file of ip2region (xdb): {_reason(error)}") from None
    if version is None:
        raise Misconfigured(f"{setting}: found {path}, expected a file of ip2region (xdb) that is whole")
    return searcher.new_with_buffer(version, content)


def _as_it_is(address: str) -> str:
    """An IPv4 address that is written as one of IPv6, plainly."""
    return address[7:] if address[:7].lower() == "::ffff:" and "." in address else address


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _texts(said: dict[str, object]) -> Location:
    return {name: value for name, value in said.items() if type(value) is str and value not in _UNKNOWN}
