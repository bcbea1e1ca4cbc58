"""All settings of all processes, read once from the environment over ``ebbtide.toml``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from schemas.errors import Misconfigured
from schemas.topics import Topics
from stream.runtime.logs import Level
from stream.runtime.settings_collector import CollectorSettings
from stream.runtime.settings_reading import read, variables_of
from stream.runtime.settings_sender import SenderSettings
from stream.runtime.settings_worker import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_FILE: Final[Mapping[str, Any]] = MappingProxyType({})
_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")
_STORE: Final = re.compile(r"(redis|rediss|unix)://\S+")
_TOPIC_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")


class Settings(BaseModel):
    """Every setting. Groups belong to one process each; what stands outside a group belongs to all."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kafka: str = Field("127.0.0.1:9092", description="Kafka's bootstrap servers, `host:port`, several joined by commas.")
    redis: str = Field("redis://127.0.0.1:6379/0", description="URL of Redis; a password in it is never shown.")
    data: Path = Field(
        Path("data"), description="Folder for the collector's spool and, on one machine, for the broker's and the store's files."
    )
    prefix: str = Field("ebbtide.", description="What the names of all topics start with.")
    partitions: int = Field(
        8, ge=1, le=10_000, description="Partitions of the events and transitions topics; fixed once a deployment has data."
    )
    retention_ms: int = Field(Topics().retention_ms, description="How long events, transitions and dead letters are kept; -1 is for ever.")
    host: str = Field("127.0.0.1", min_length=1, description="Address that all ports are bound to; 0.0.0.0 opens them to the network.")
    identity_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="Key of the hashes of ids whose namespace is `hashed`; the same for all processes, and never changed:"
        " under another one nobody is found again.",
    )
    log_level: Level = Field("info", description="The least level that is logged.")
    log_json: bool = Field(False, description="Whether a log line is a JSON object instead of text for people.")
    collector: CollectorSettings = Field(default_factory=CollectorSettings, description="The collector's own.")
    worker: WorkerSettings = Field(default_factory=WorkerSettings, description="The worker's own.")
    sender: SenderSettings = Field(default_factory=SenderSettings, description="The sender's own.")

    @field_validator("kafka")
    @classmethod
    def _servers(cls, value: str) -> str:
        if not all(_SERVER.fullmatch(server) for server in value.split(",")):
            raise ValueError("host:port, or several joined by commas")
        return value

    @field_validator("redis")
    @classmethod
    def _store(cls, value: str) -> str:
        if not _STORE.fullmatch(value):
            raise ValueError("a URL that starts with redis://, rediss:// or unix://")
        return value

    @field_validator("prefix")
    @classmethod
    def _topic_prefix(cls, value: str) -> str:
        if not _TOPIC_PREFIX.fullmatch(value):
            raise ValueError("at most 100 letters, digits and . _ -")
        return value

    @field_validator("retention_ms")
    @classmethod
    def _lasting(cls, value: int) -> int:
        if value < 1 and value != -1:
            raise ValueError("a positive number, or -1 for ever")
        return value

    @property
    def topics(self) -> Topics:
        """The topics of this deployment."""
        return Topics(self.prefix, self.partitions, self.retention_ms)

    @property
    def spool_folder(self) -> Path:
        """Where the collector of this deployment spools. The number of partitions decides to which lane a record belongs."""
        return self.data / "spool" / f"{self.topics.events}-{self.partitions}"

    @property
    def identity_key(self) -> bytes | None:
        """What ``IdentityPolicy`` takes."""
        return None if self.identity_secret is None else self.identity_secret.get_secret_value().encode()

    def shown(self) -> dict[str, str]:
        """Each variable with its value as it may be printed: secrets and passwords are hidden."""
        shown = {}
        for variable in variables_of(Settings):
            value: Any = self
            for name in variable.path:
                value = getattr(value, name)
            shown[variable.name] = variable.shown(value)
        return shown

    def __repr__(self) -> str:
        """The settings on one line, redacted."""
        return f"Settings({', '.join(f'{name}={value}' for name, value in self.shown().items())})"

    def __str__(self) -> str:
        """The same as ``repr``."""
        return repr(self)


def from_mapping(env: Mapping[str, str], toml: Mapping[str, Any] = _NO_FILE) -> Settings:
    """Settings from variables (``EBBTIDE_…``; others are none of our business) over the file's content.

    Raises ``SettingsFaults``, a ``Misconfigured``, that names every fault: variable, found, expected, near match.
    """
    return read(Settings, env, toml)


def load_settings(env: Mapping[str, str], path: Path | None = None) -> Settings:
    """The same, from a file if a path is given. Raises ``Misconfigured`` if the file cannot be read, too."""
    if path is None:
        return from_mapping(env)
    try:
        toml = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"the settings file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Misconfigured(f"the settings file {path} is not TOML: {error}") from error
    return from_mapping(env, toml)
