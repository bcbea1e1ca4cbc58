"""Metrics, typed: a catalogue of ``Metric`` constants, and the live ``Metrics`` built from them.

The library of Prometheus takes any label value at any time, so one slip (a tag from the wire as a label)
grows the number of series without end. Here a metric names every value that its labels may have; but ids that stand in
definitions, which are few and not known here, are bounded in number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise, product
from math import isfinite, prod
from typing import TYPE_CHECKING, Final, Literal, TypeVar, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from schemas.definitions.language import ID_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

Kind = Literal["counter", "gauge", "histogram"]

PREFIX: Final = "ebbtide_"
SERIES_MAX: Final = 1000
"""More combinations of label values than this in one metric are taken for a mistake."""

_NAME: Final = re.compile(r"ebbtide_[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LABEL: Final = re.compile(r"[a-z][a-z0-9_]*")
_ID: Final = re.compile(ID_PATTERN)
_OTHER: Final = "other"
_Live = TypeVar("_Live", Counter, Gauge, Histogram)


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric: its full name with unit, its kind, what it tells, and every value each of its labels may have.

    ``defined`` are further labels, with ids of definitions: the first 1 000 combinations have series, the rest share ``other``.
    ``buckets`` are upper bounds in the metric's unit, ascending, without infinity; histograms must name them.
    Raises ``ValueError`` if the declaration breaks a rule.
    """

    name: str
    kind: Kind
    help: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()
    defined: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for broken, rule in self._rules():
            if broken:
                raise ValueError(f"metric {self.name!r}: {rule}")

    def _rules(self) -> Iterable[tuple[bool, str]]:
        yield _NAME.fullmatch(self.name) is None, f"the name is lower case words joined by _ and starts with {PREFIX}"
        yield self.kind not in get_args(Kind), f"the kind is one of {', '.join(get_args(Kind))}"
        yield not self.help.strip(), "the help is missing"
        yield (self.kind == "counter") != self.name.endswith("_total"), "counters, and only counters, end in _total"
        yield (self.kind == "histogram") != bool(self.buckets), "histograms, and only histograms, name their buckets"
        yield any(low >= high for low, high in pairwise(self.buckets)), "buckets ascend"
        yield not all(map(isfinite, self.buckets)), "buckets are finite; infinity is implied"
        for label in self.defined:
            yield _LABEL.fullmatch(label) is None or label in {"le", *self.labels}, f"{label!r} cannot name a label"
        for label, values in self.labels.items():
            yield _LABEL.fullmatch(label) is None or label == "le", f"{label!r} cannot name a label"
            yield not values or len(set(values)) != len(values), f"label {label!r} needs a list of different values"
        yield self.series > SERIES_MAX, f"{self.series} series are more than {SERIES_MAX}"

    @property
    def label_names(self) -> tuple[str, ...]:
        """All labels, in order."""
        return (*self.labels, *self.defined)

    @property
    def series(self) -> int:
        """How many combinations of named label values there are; 1 without labels."""
        return prod(len(values) for values in self.labels.values())

    def label_values(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The values in the order of declaration. Raises ``ValueError`` unless every label is given, with a declared value."""
        if labels.keys() != set(self.label_names):
            raise ValueError(f"{self.name} has the labels {sorted(self.label_names)}, not {sorted(labels)}")
        for label, value in labels.items():
            if label in self.defined:
                if _ID.fullmatch(value) is None:
                    raise ValueError(f"{self.name}: {label} is an id of a definition, not {value!r}")
            elif value not in self.labels[label]:
                raise ValueError(f"{self.name}: {label} is one of {list(self.labels[label])}, not {value!r}")
        return tuple(labels[label] for label in self.label_names)


def declared(module: ModuleType) -> tuple[Metric, ...]:
    """Every metric that is a constant of a catalogue's module, in the order of declaration."""
    return tuple(value for value in vars(module).values() if isinstance(value, Metric))


class Metrics:
    """The live metrics of one process, on a registry of their own.

    Looking one up costs a few dictionary reads and a lock: hot loops keep what they were given.
    Every series of a counter exists from the start, as 0, so that its first step shows in a rate; with ids of definitions, from when
    it is first looked up.
    """

    def __init__(self, *catalogues: Iterable[Metric]) -> None:
        """Raises ``ValueError`` if two metrics have one name."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # else the library doubles the series with one `_created` gauge beside each
        self.registry = CollectorRegistry(auto_describe=False)
        self._live: dict[str, tuple[Metric, Counter | Gauge | Histogram]] = {}
        self._defined: dict[str, set[tuple[str, ...]]] = {}
        for metric in (metric for catalogue in catalogues for metric in catalogue):
            if metric.name in self._live:
                raise ValueError(f"metric {metric.name!r} is declared twice")
            self._live[metric.name] = (metric, self._build(metric))

    def counter(self, metric: Metric, **labels: str) -> Counter:
        """The counter with these labels. Raises ``ValueError`` for another kind or label, ``LookupError`` outside the catalogues."""
        return self._find(metric, Counter, labels)

    def gauge(self, metric: Metric, **labels: str) -> Gauge:
        """The gauge with these labels; raises as ``counter`` does."""
        return self._find(metric, Gauge, labels)

    def histogram(self, metric: Metric, **labels: str) -> Histogram:
        """The histogram with these labels; raises as ``counter`` does."""
        return self._find(metric, Histogram, labels)

    def knows(self, metric: Metric) -> bool:
        """Whether the metric is in one of the catalogues."""
        return metric.name in self._live

    def value(self, metric: Metric, **labels: str) -> float:
        """What a scrape would show now, for tests; of a histogram the number of observations. 0 if never touched."""
        values = dict(zip(metric.label_names, metric.label_values(labels), strict=True))
        if not self.knows(metric):
            raise LookupError(f"{metric.name} is in none of the catalogues")
        name = f"{metric.name}_count" if metric.kind == "histogram" else metric.name
        return self.registry.get_sample_value(name, values) or 0.0

    def render(self) -> bytes:
        """All metrics in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)

    def _find(self, metric: Metric, kind: type[_Live], labels: Mapping[str, str]) -> _Live:
        known, live = self._live.get(metric.name, (None, None))
        if known is not metric:
            raise LookupError(f"{metric.name} is in none of the catalogues")
        if not isinstance(live, kind):
            raise ValueError(f"{metric.name} is a {metric.kind}, not a {kind.__name__.lower()}")  # noqa: TRY004
        values = metric.label_values(labels)
        if metric.defined:
            values = self._bounded(metric, values)
        return live.labels(*values) if values else live

    def _bounded(self, metric: Metric, values: tuple[str, ...]) -> tuple[str, ...]:
        """The values, or the ids among them as ``other`` when there are too many already."""
        known = self._defined.setdefault(metric.name, set())
        if len(known) < SERIES_MAX:
            known.add(values)
        return values if values in known else (*values[: len(metric.labels)], *(_OTHER for _ in metric.defined))

    def _build(self, metric: Metric) -> Counter | Gauge | Histogram:
        names = metric.label_names
        match metric.kind:
            case "histogram":
                return Histogram(metric.name, metric.help, names, registry=self.registry, buckets=metric.buckets)
            case "gauge":
                return Gauge(metric.name, metric.help, names, registry=self.registry)
            case "counter":
                counter = Counter(metric.name, metric.help, names, registry=self.registry)
                for values in product(*metric.labels.values()) if names and not metric.defined else ():
                    counter.labels(*values)
                return counter
