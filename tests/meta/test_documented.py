"""Names live in one catalogue each, and the pages say what the catalogues say."""

from __future__ import annotations

import tomllib
from typing import Final

import pytest

from schemas.rejection import REASONS
from stream import VERSION
from stream.runtime.documentation import CATALOGUES, ROOT, pages, stale
from stream.runtime.metrics import Metric, Metrics
from stream.runtime.settings import Settings
from stream.runtime.settings_reading import variables_of

METRICS: Final = [metric for catalogue in CATALOGUES.values() for metric in catalogue]
UNITS: Final = {"seconds", "bytes", "ratio", "info"}
COUNTED: Final = {"records", "events", "people", "lanes", "senders", "connections", "transitions", "waiting", "open", "version"}
NOT_BASE_UNITS: Final = {"ms", "milliseconds", "us", "minutes", "hours", "kb", "mb", "kilobytes", "megabytes", "percent"}


def test_the_generated_pages_are_current() -> None:
    assert stale() == [], "run python -m stream.runtime.documentation"


def test_every_setting_metric_and_rejection_is_documented() -> None:
    text = pages()
    assert [name for name in (each.name for each in variables_of(Settings)) if f"| `{name}` |" not in text["docs/settings.md"]] == []
    assert [metric.name for metric in METRICS if f"| `{metric.name}` |" not in text["docs/metrics.md"]] == []
    assert [reason.code for reason in REASONS if f"| `{reason.code}` |" not in text["docs/rejections.md"]] == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
def test_a_metric_has_the_prefix_and_ends_in_its_unit(metric: Metric) -> None:
    assert metric.name.startswith("ebbtide_")
    words = metric.name.split("_")
    assert not NOT_BASE_UNITS & set(words)
    allowed = {"counter": {"total"}, "gauge": UNITS | COUNTED, "histogram": UNITS | COUNTED}[metric.kind]
    assert words[-1] in allowed
    assert "timestamp" not in words or words[-2:] == ["timestamp", "seconds"]


def test_no_two_processes_share_a_metric() -> None:
    Metrics(*CATALOGUES.values())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
def test_no_label_could_tell_of_a_person_or_grow_without_end(metric: Metric) -> None:
    assert not {"person", "user", "user_id", "anonymous_id", "tag", "url", "host", "ip", "path"} & set(metric.labels)


def test_the_version_is_the_distributions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project.get("version", VERSION) == VERSION
