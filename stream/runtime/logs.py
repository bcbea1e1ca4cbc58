"""Logs: one line a record on stderr, for people or as JSON."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import orjson

Level = Literal["debug", "info", "warning", "error"]

QUIET: Final = ("aiokafka", "kafka", "faust", "mode", "asyncio", "aiohttp.access")
"""Libraries that are heard from WARNING on only: at DEBUG aiokafka alone costs 5 to 11 % of a worker's CPU."""

_OWN_ATTRIBUTES: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ESCAPES: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


class _Handler(logging.StreamHandler[TextIO]):
    """Marks the handler that ``configure_logs`` installs, so that a second call replaces it and no other."""


class LineFormatter(logging.Formatter):
    """``time LEVEL logger: message key=value``; control characters of the message are escaped, so input cannot forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and below it the traceback if there is one."""
        text = record.getMessage() + "".join(f" {key}={value}" for key, value in _extra(record).items())
        line = f"{_time(record)} {record.levelname:<7} {record.name}: {text.translate(_ESCAPES)}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object: ``time``, ``level``, ``logger``, ``message``, ``error`` (a traceback) and what ``extra`` gave."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; values that JSON does not have become their ``repr``."""
        data: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            data["error"] = self.formatException(record.exc_info)
        for key, value in _extra(record).items():
            data.setdefault(key, value)
        return _json(data)


def configure_logs(level: Level = "info", json: bool = False, stream: TextIO | None = None) -> None:  # noqa: FBT001, FBT002
    """Send all logs from ``level`` on to ``stream`` (stderr unless given). Calling again replaces the former choice."""
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if json else LineFormatter())
    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _OWN_ATTRIBUTES}


def _json(data: dict[str, Any]) -> str:
    try:
        return orjson.dumps(data, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a lone surrogate, or an integer over 64 bits: a log call must never fail
        return orjson.dumps({key: repr(value) for key, value in data.items()}).decode()
