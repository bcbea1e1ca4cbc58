from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING

import orjson
import pytest

from stream.runtime.logs import QUIET, configure_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger("ebbtide.test")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, former in quiet.items():
        logging.getLogger(name).setLevel(former)


def test_a_line_for_people_has_time_level_logger_and_text() -> None:
    stream = io.StringIO()
    configure_logs("info", False, stream)
    LOG.info("lane %d started", 3, extra={"offset": 7})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO    ebbtide\.test: lane 3 started offset=7\n", stream.getvalue())


def test_input_cannot_forge_a_line() -> None:
    stream = io.StringIO()
    configure_logs("info", False, stream)
    LOG.warning("name %s", "a\n2030-01-01 ERROR\x1b[31m\u2028x", extra={"path": "b\r\nc"})
    assert len(stream.getvalue().splitlines()) == 1
    assert "a\\x0a2030" in stream.getvalue()


def test_an_error_shows_its_traceback() -> None:
    stream = io.StringIO()
    configure_logs("info", False, stream)
    try:
        raise RuntimeError("broken")  # noqa: TRY301
    except RuntimeError:
        LOG.exception("lane failed")
    assert stream.getvalue().rstrip().endswith("RuntimeError: broken")


def test_a_json_line_is_one_object_with_the_traceback_inside() -> None:
    stream = io.StringIO()
    configure_logs("info", True, stream)
    try:
        raise RuntimeError("broken")  # noqa: TRY301
    except RuntimeError:
        LOG.exception("lane\nfailed", extra={"lane": 3, "level": "forged", "odd": {1, 2}})
    (line,) = stream.getvalue().splitlines()
    data = orjson.loads(line)
    assert (data["level"], data["logger"], data["message"], data["lane"]) == ("error", "ebbtide.test", "lane\nfailed", 3)
    assert "RuntimeError: broken" in data["error"]
    assert data["odd"] == "{1, 2}"


@pytest.mark.parametrize("value", ["\ud800", 2**70])
def test_a_value_that_json_cannot_hold_still_makes_a_line(value: object) -> None:
    stream = io.StringIO()
    configure_logs("info", True, stream)
    LOG.info("odd %s", value, extra={"value": value})
    assert "odd" in orjson.loads(stream.getvalue())["message"]


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = io.StringIO()
    configure_logs("warning", False, stream)
    LOG.info("quiet")
    assert not stream.getvalue()


@pytest.mark.parametrize("name", ["aiokafka.consumer.fetcher", "kafka", "faust.app", "mode.services"])
def test_libraries_are_heard_from_warning_on_even_when_we_debug(name: str) -> None:
    stream = io.StringIO()
    configure_logs("debug", False, stream)
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("matter")
    assert "chatter" not in stream.getvalue()
    assert "matter" in stream.getvalue()


def test_configuring_again_replaces_the_former_choice() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs("info", False, first)
    configure_logs("info", True, second)
    LOG.info("once")
    assert not first.getvalue()
    assert orjson.loads(second.getvalue())["message"] == "once"
