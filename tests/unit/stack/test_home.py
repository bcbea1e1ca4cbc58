from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import Misconfigured
from stream.stack.home import ebbtide_home, find_java, find_kafka, find_program, kafka_version


def test_the_environment_says_where_home_is(tmp_path: Path) -> None:
    assert ebbtide_home({"EBBTIDE_HOME": str(tmp_path)}) == tmp_path


def test_in_a_checkout_home_is_beside_the_sources(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()

    assert ebbtide_home({}, tmp_path) == tmp_path / ".ebbtide"


def test_installed_from_a_wheel_home_is_in_the_users_cache(tmp_path: Path) -> None:
    assert ebbtide_home({"HOME": "/home/ann"}, tmp_path) == Path("/home/ann/.cache/ebbtide")
    assert ebbtide_home({"HOME": "/home/ann", "XDG_CACHE_HOME": "/cache"}, tmp_path) == Path("/cache/ebbtide")


def test_missing_jars_are_named_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"(?s)Kafka \d.* is not in .*scripts/setup.*mvn -f .*pom\.xml"):
        find_kafka({"EBBTIDE_HOME": str(tmp_path)})


def test_found_jars_are_those_of_the_pinned_version(tmp_path: Path) -> None:
    folder = tmp_path / "kafka" / kafka_version()
    folder.mkdir(parents=True)
    (folder / f"kafka_2.13-{kafka_version()}.jar").touch()

    assert find_kafka({"EBBTIDE_HOME": str(tmp_path)}).folder == folder


def test_a_missing_program_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"(?s)redis-server is not installed.*apt-get install redis-server"):
        find_program("redis-server", "redis-server", {"PATH": str(tmp_path)})


def test_java_home_goes_before_path(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch()

    assert find_java({"JAVA_HOME": str(tmp_path), "PATH": ""}) == str(java)
