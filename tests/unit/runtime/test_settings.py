from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError

from schemas.errors import Misconfigured
from stream.runtime.settings import Settings, from_mapping, load_settings
from stream.runtime.settings_reading import Fault, SettingsFaults, read, variables_of, without_password

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Inner(BaseModel):
    signing: SecretStr = Field(SecretStr(""), min_length=4, description="a secret")
    networks: tuple[int, ...] = Field((), description="a list")
    weights: dict[str, float] = Field(default_factory=dict, description="a mapping")


class Outer(BaseModel):
    inner: Inner = Field(default_factory=Inner, description="a group")
    size: int = Field(1, description="a number")


def faults(env: Mapping[str, str], toml: Mapping[str, object] | None = None) -> tuple[Fault, ...]:
    with pytest.raises(SettingsFaults) as caught:
        from_mapping(env, toml or {})
    return caught.value.faults


def test_without_any_variable_the_defaults_hold() -> None:
    settings = from_mapping({"PATH": "/bin"})
    assert settings == Settings()
    assert (settings.kafka, settings.redis, settings.prefix) == ("127.0.0.1:9092", "redis://127.0.0.1:6379/0", "ebbtide.")
    assert (settings.collector.port, settings.collector.metrics_port) == (8080, 9101)
    assert (settings.worker.metrics_port, settings.sender.metrics_port) == (9102, 9103)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default() -> None:
    settings = from_mapping(
        {"EBBTIDE_WORKER_RUNNER": "aiokafka", "EBBTIDE_PARTITIONS": "2"},
        {"partitions": 4, "prefix": "t1.", "worker": {"runner": "faust", "publish_window": 9}},
    )
    assert (settings.worker.runner, settings.partitions) == ("aiokafka", 2)
    assert (settings.prefix, settings.worker.publish_window) == ("t1.", 9)
    assert settings.worker.batch_records_max == 2000


def test_the_topics_follow_from_the_settings() -> None:
    topics = from_mapping({"EBBTIDE_PREFIX": "x.", "EBBTIDE_PARTITIONS": "3", "EBBTIDE_RETENTION_MS": "-1"}).topics
    assert (topics.events, topics.partitions, topics.retention_ms) == ("x.events", 3, -1)


def test_all_faults_are_told_at_once() -> None:
    found = faults(
        {"EBBTIDE_PARTITIONS": "0", "EBBTIDE_KAFKA": "somewhere", "EBBTIDE_WORKER_RUNER": "faust"},
        {"worker": {"runner": "flink", "heartbeat_ms": True}, "sender": 3},
    )
    assert {fault.where for fault in found} == {
        "EBBTIDE_PARTITIONS",
        "EBBTIDE_KAFKA",
        "EBBTIDE_WORKER_RUNER",
        "worker.runner in the file",
        "worker.heartbeat_ms in the file",
        "sender in the file",
    }


def test_a_fault_names_variable_found_and_expected() -> None:
    text = str(SettingsFaults(faults({"EBBTIDE_WORKER_BATCH_RECORDS_MAX": "0"})))
    assert text == "1 fault in the settings\n  EBBTIDE_WORKER_BATCH_RECORDS_MAX: found '0'; expected greater than or equal to 1"


def test_faults_are_misconfigured() -> None:
    with pytest.raises(Misconfigured):
        from_mapping({"EBBTIDE_PARTITIONS": "many"})


def test_an_unknown_variable_is_a_fault_with_the_name_that_was_meant() -> None:
    assert faults({"EBBTIDE_KAFAK": "127.0.0.1:1"}) == (Fault("EBBTIDE_KAFAK", "", "a setting that exists", "EBBTIDE_KAFKA"),)
    assert faults({"EBBTIDE_ZZZ": "1"})[0].near is None


def test_an_unknown_key_of_the_file_is_a_fault_with_the_name_that_was_meant() -> None:
    found = faults({}, {"kafca": "127.0.0.1:1", "worker": {"instanc": "w"}})
    assert [(fault.where, fault.near) for fault in found] == [("kafca in the file", "kafka"), ("worker.instanc in the file", "instance")]


@pytest.mark.parametrize(
    "name",
    ["EBBTIDE_HOME", "EBBTIDE_DEMO_SECRET", "EBBTIDE_CRM_TOKEN", "EBBTIDE_WEB_KEY", "EBBTIDE_WX_TOKEN_FILE", "OTHER_KAFKA", "ebbtide_x"],
)
def test_secrets_of_definitions_and_other_peoples_variables_are_let_be(name: str) -> None:
    assert from_mapping({name: "anything"}) == Settings()


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"EBBTIDE_REDIS": "http://127.0.0.1"}, "a URL that starts with redis://, rediss:// or unix://"),
        ({"EBBTIDE_PREFIX": "a b"}, "at most 100 letters, digits and . _ -"),
        ({"EBBTIDE_RETENTION_MS": "0"}, "a positive number, or -1 for ever"),
        ({"EBBTIDE_KAFKA": "a:1,b"}, "host:port, or several joined by commas"),
        ({"EBBTIDE_WORKER_WATCHDOG_SECONDS": "nan"}, "a finite number"),
    ],
)
def test_a_value_out_of_its_domain_is_told_in_plain_words(env: dict[str, str], expected: str) -> None:
    assert [fault.expected for fault in faults(env)] == [expected]


@pytest.mark.parametrize("servers", ["127.0.0.1:9092", "kafka-0.kafka:9092,kafka-1.kafka:9092", "[::1]:9092"])
def test_servers_are_names_or_addresses_with_a_port(servers: str) -> None:
    assert from_mapping({"EBBTIDE_KAFKA": servers}).kafka == servers


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({"EBBTIDE_WORKER_HEARTBEAT_MS": "3000"}, ("heartbeat_ms (3000)", "session_timeout_ms (6000)")),
        ({"EBBTIDE_WORKER_RECORDS_IN_FLIGHT_MAX": "10"}, ("records_in_flight_max (10)", "batch_records_max (2000)")),
    ],
)
def test_settings_that_contradict_each_other_are_both_named(env: dict[str, str], names: tuple[str, str]) -> None:
    (fault,) = faults(env)
    assert fault.where == "EBBTIDE_WORKER_…"
    assert all(name in fault.expected for name in names)


def test_lists_are_joined_by_commas_and_mappings_are_json() -> None:
    inner = read(Outer, {"EBBTIDE_INNER_NETWORKS": "1, 2,3", "EBBTIDE_INNER_WEIGHTS": '{"a": 0.5}'}, {}).inner
    assert (inner.networks, inner.weights) == ((1, 2, 3), {"a": 0.5})


def test_a_mapping_that_is_no_json_is_a_fault() -> None:
    with pytest.raises(SettingsFaults, match="EBBTIDE_INNER_WEIGHTS: found 'a=1'; expected a JSON object"):
        read(Outer, {"EBBTIDE_INNER_WEIGHTS": "a=1"}, {})


def test_a_fault_within_a_list_names_its_variable() -> None:
    with pytest.raises(SettingsFaults, match="EBBTIDE_INNER_NETWORKS: found 'x'"):
        read(Outer, {"EBBTIDE_INNER_NETWORKS": "1,x"}, {})


def test_a_secret_is_shown_neither_in_a_fault_nor_in_the_settings() -> None:
    with pytest.raises(SettingsFaults) as caught:
        read(Outer, {"EBBTIDE_INNER_SIGNING": "abc"}, {})
    assert "abc" not in str(caught.value)
    assert "hush-hush" not in repr(read(Outer, {"EBBTIDE_INNER_SIGNING": "hush-hush"}, {}))


@pytest.mark.parametrize("show", [repr, str, "{}".format])
def test_the_password_of_redis_is_not_shown(show: object) -> None:
    assert callable(show)
    text = show(from_mapping({"EBBTIDE_REDIS": "redis://worker:hush@10.0.0.1:6379/0"}))
    assert "hush" not in text
    assert "redis://worker:(hidden)@10.0.0.1:6379/0" in text


@pytest.mark.parametrize(
    "url", ["redis://:hush@h", "redis://u:hush/x@h", "redis://u:a@hush@h", "u:hush@h:1", "redis://h?password=hush&x=1", "http://u:hush@h"]
)
def test_whatever_may_be_a_password_is_hidden(url: str) -> None:
    assert "hush" not in without_password(url)
    assert "h" in without_password(url).replace("(hidden)", "")


def test_addresses_without_a_password_are_shown_whole() -> None:
    for text in ("redis://user@h:6379/0", "a:1,b:2", "unix:///run/redis.sock"):
        assert without_password(text) == repr(text)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().kafka = "other:1"  # type: ignore[misc]


def test_no_two_settings_share_a_variable_and_each_is_described() -> None:
    variables = list(variables_of(Settings))
    assert len({variable.name for variable in variables}) == len(variables)
    assert [variable.name for variable in variables if not variable.field.description] == []


def test_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ebbtide.toml"
    path.write_text('prefix = "f."\n[worker]\ninstance = "w2"\n', encoding="utf-8")
    settings = load_settings({}, path)
    assert (settings.prefix, settings.worker.instance) == ("f.", "w2")
    assert load_settings({}) == Settings()


@pytest.mark.parametrize("content", [b"prefix = ", b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ebbtide.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"ebbtide\.toml"):
        load_settings({}, path)


def test_the_secret_of_identity_is_the_same_for_all_processes_and_shown_by_none() -> None:
    settings = from_mapping({"EBBTIDE_IDENTITY_SECRET": "a key of at least sixteen bytes"})
    assert settings.identity_key == b"a key of at least sixteen bytes"
    assert "a key" not in repr(settings)
    assert from_mapping({}).identity_key is None


def test_a_secret_of_identity_that_can_be_guessed_is_refused_and_not_repeated() -> None:
    (fault,) = faults({"EBBTIDE_IDENTITY_SECRET": "short"})
    assert (fault.where, fault.found) == ("EBBTIDE_IDENTITY_SECRET", "(hidden)")
