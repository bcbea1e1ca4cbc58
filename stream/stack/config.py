"""The texts that Kafka and Redis are configured with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stream.stack.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.stack.home import KafkaHome

HEAP_MEGABYTES = 384


@dataclass(frozen=True)
class KafkaPlace:
    """Where one broker lives: its folder and its two ports on the loopback."""

    folder: Path
    port: int
    controller_port: int

    @property
    def data(self) -> Path:
        """The folder of the logs."""
        return self.folder / "data"

    @property
    def properties(self) -> Path:
        """The file that `kafka_properties` goes to."""
        return self.folder / "server.properties"

    @property
    def logging(self) -> Path:
        """The file that `log4j_properties` goes to."""
        return self.folder / "log4j2.properties"


def _lines(settings: Mapping[str, object]) -> str:
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def kafka_properties(place: KafkaPlace) -> str:
    """Return server.properties for a broker that is its own controller, reachable from this machine only."""
    broker = f"BROKER://{LOOPBACK}:{place.port}"
    return _lines(
        {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{LOOPBACK}:{place.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "BROKER",
            "listeners": f"{broker},CONTROLLER://{LOOPBACK}:{place.controller_port}",
            "advertised.listeners": broker,
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": place.data,
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # After kill -9 the broker is let in again only when the session of its former self is over: 12 s with the usual 9 s.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "background.threads": 2,
            "group.coordinator.threads": 1,
            "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
            # Otherwise an idle broker writes a record to its own log twice a second.
            "metadata.max.idle.interval.ms": 5000,
        }
    )


def log4j_properties() -> str:
    """Return a log4j2 configuration: warnings to standard output, and the line that says the broker is up."""
    return _lines(
        {
            "status": "error",
            "appender.out.type": "Console",
            "appender.out.name": "out",
            "appender.out.layout.type": "PatternLayout",
            "appender.out.layout.pattern": "%d{ISO8601} %p %c{1} %m%n",
            "rootLogger.level": "WARN",
            "rootLogger.appenderRef.out.ref": "out",
            "logger.server.name": "kafka.server.KafkaRaftServer",
            "logger.server.level": "INFO",
        }
    )


def java_command(java: str, home: KafkaHome, place: KafkaPlace, *, dump_archive: bool = False) -> tuple[str, ...]:
    """Return the command that runs the broker; with ``dump_archive`` it writes ``home.archive`` when it ends."""
    sharing = (f"-XX:ArchiveClassesAtExit={home.archive}",) if dump_archive else _sharing(home)
    return (
        java,
        f"-Xmx{HEAP_MEGABYTES}m",
        # Measured at 8 000 records/s on two cores: the second compiler saves a tenth of the broker's work in the long run, and costs as
        # much again as that work for the first minute, with an idle broker at 10 % of a core; the serial collector has the lower p99.
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        *sharing,
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        *_common(home, place),
        "kafka.Kafka",
        str(place.properties),
    )


def format_command(java: str, home: KafkaHome, place: KafkaPlace, cluster_id: str) -> tuple[str, ...]:
    """Return the command that makes an empty log folder for the cluster ``cluster_id`` (22 characters of base64)."""
    # In one word: an id may begin with a dash, and would be taken for an option.
    tool = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "--config", str(place.properties))
    return (java, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *_sharing(home), *_common(home, place), *tool)


def _sharing(home: KafkaHome) -> tuple[str, ...]:
    if not home.archive.is_file():
        return ()
    # A Java that cannot use the archive (another version made it) must start without, and without a word.
    return ("-Xshare:auto", f"-XX:SharedArchiveFile={home.archive}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off")


def _common(home: KafkaHome, place: KafkaPlace) -> tuple[str, ...]:
    return (f"-Dlog4j2.configurationFile={place.logging.as_uri()}", "-cp", ":".join(map(str, home.jars)))


def redis_config(folder: Path, port: int) -> str:
    """Return redis.conf for a store that keeps everything it has acknowledged when its process is killed, and never evicts."""
    settings: dict[str, object] = {
        "bind": LOOPBACK,
        "port": port,
        "dir": f'"{folder}"',
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "databases": 64,
        "tcp-backlog": 128,
        "loglevel": "notice",
        "always-show-logo": "no",
        "proc-title-template": '"redis-server {listen-addr}"',
    }
    return "".join(f"{key} {value}\n" for key, value in settings.items())
