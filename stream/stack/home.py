"""Where the broker's jars are."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

POM = Path(__file__).with_name("pom.xml")


@dataclass(frozen=True)
class KafkaHome:
    """One version of Kafka: ``folder`` holds its jars and, when setup could make it, an archive of loaded classes."""

    version: str
    folder: Path

    @property
    def jars(self) -> tuple[Path, ...]:
        """The class path, sorted: the archive of classes is valid for one order only."""
        return tuple(sorted(self.folder.glob("*.jar")))

    @property
    def archive(self) -> Path:
        """The classes of a started broker as Java keeps them in memory; halves the time to start."""
        return self.folder / "kafka.jsa"


def kafka_version(pom: Path = POM) -> str:
    """Return the version that ``pom`` pins."""
    found = re.search(r"<kafka\.version>([\w.-]+)</kafka\.version>", pom.read_text(encoding="utf-8"))
    assert found is not None, f"{pom} names no kafka.version"
    return found[1]


def ebbtide_home(env: Mapping[str, str], package: Path = POM.parents[2]) -> Path:
    """Return the folder for what setup fetched: EBBTIDE_HOME, else ``.ebbtide`` beside the sources, else the user's cache."""
    if chosen := env.get("EBBTIDE_HOME"):
        return Path(chosen).expanduser().absolute()
    if (package / "pyproject.toml").is_file():
        return package / ".ebbtide"
    cache = env.get("XDG_CACHE_HOME") or str(Path(env.get("HOME", "/tmp")) / ".cache")  # noqa: S108 (a machine without homes)
    return Path(cache) / "ebbtide"


def find_kafka(env: Mapping[str, str]) -> KafkaHome:
    """Return the pinned Kafka; raise Misconfigured, naming the command that fetches it, when it is not there."""
    version = kafka_version()
    found = KafkaHome(version, ebbtide_home(env) / "kafka" / version)
    if not (found.folder / f"kafka_2.13-{version}.jar").is_file():
        text = (
            f"Kafka {version} is not in {found.folder}: run scripts/setup, or\n"
            f"  mvn -f {POM} dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory={found.folder}"
        )
        raise Misconfigured(text)
    return found


def find_program(name: str, package: str, env: Mapping[str, str]) -> str:
    """Return the path of a program; raise Misconfigured with the command that installs ``package`` when it is missing."""
    found = shutil.which(name, path=env.get("PATH"))
    if found is None:
        text = f"{name} is not installed: run scripts/setup, or\n  apt-get install {package}"
        raise Misconfigured(text)
    return found


def find_java(env: Mapping[str, str]) -> str:
    """Return the Java of JAVA_HOME, else the one on PATH; raise Misconfigured when there is none."""
    if (home := env.get("JAVA_HOME")) and (Path(home) / "bin" / "java").is_file():
        return str(Path(home) / "bin" / "java")
    return find_program("java", "openjdk-17-jre-headless", env)
