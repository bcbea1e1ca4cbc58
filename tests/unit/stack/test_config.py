from __future__ import annotations

from pathlib import Path

from stream.stack.config import KafkaPlace, format_command, java_command, kafka_properties, log4j_properties, redis_config
from stream.stack.home import KafkaHome

PLACE = KafkaPlace(Path("/data/kafka"), port=9092, controller_port=9093)


def as_mapping(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def as_words(text: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in text.splitlines())


def test_the_broker_listens_on_the_loopback_only() -> None:
    settings = as_mapping(kafka_properties(PLACE))

    assert settings["listeners"] == "BROKER://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert settings["advertised.listeners"] == "BROKER://127.0.0.1:9092"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:9093"


def test_one_broker_is_enough_for_every_internal_topic() -> None:
    settings = as_mapping(kafka_properties(PLACE))

    assert {key: value for key, value in settings.items() if "replication.factor" in key or "min.isr" in key} == {
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
    }


def test_a_topic_comes_from_ebbtide_topics_and_never_by_a_typing_error() -> None:
    assert as_mapping(kafka_properties(PLACE))["auto.create.topics.enable"] == "false"


def test_the_broker_allows_sessions_of_six_seconds() -> None:
    assert int(as_mapping(kafka_properties(PLACE))["group.min.session.timeout.ms"]) <= 6000


def test_the_broker_says_little_and_that_it_is_up() -> None:
    settings = as_mapping(log4j_properties())

    assert settings["rootLogger.level"] == "WARN"
    assert settings["logger.server.level"] == "INFO"


def test_the_store_keeps_all_and_evicts_nothing() -> None:
    settings = as_words(redis_config(Path("/data/with space/redis"), 6379))

    assert settings["appendonly"] == "yes"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["bind"] == "127.0.0.1"
    assert settings["dir"] == '"/data/with space/redis"'


def test_without_an_archive_of_classes_java_is_told_of_none(tmp_path: Path) -> None:
    command = java_command("java", KafkaHome("4", tmp_path), PLACE)

    assert not [word for word in command if "Archive" in word]
    assert command[-2:] == ("kafka.Kafka", "/data/kafka/server.properties")


def test_the_archive_is_used_once_it_is_there(tmp_path: Path) -> None:
    home = KafkaHome("4", tmp_path)
    home.archive.touch()

    assert f"-XX:SharedArchiveFile={home.archive}" in java_command("java", home, PLACE)


def test_the_class_path_is_sorted(tmp_path: Path) -> None:
    for name in ("b.jar", "a.jar", "c.txt"):
        (tmp_path / name).touch()
    command = java_command("java", KafkaHome("4", tmp_path), PLACE)

    assert command[command.index("-cp") + 1] == f"{tmp_path}/a.jar:{tmp_path}/b.jar"


def test_a_cluster_id_that_begins_with_a_dash_is_not_taken_for_an_option(tmp_path: Path) -> None:
    command = format_command("java", KafkaHome("4", tmp_path), PLACE, "-bcdefghijklmnopqrstuv")

    assert "--cluster-id=-bcdefghijklmnopqrstuv" in command
