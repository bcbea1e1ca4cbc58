from __future__ import annotations

import pytest

from stream.runtime.catalogue import collector, process, sender, worker
from stream.runtime.metrics import Metric, Metrics, declared

SEEN = Metric("ebbtide_test_seen_total", "counter", "Things seen.", {"colour": ("red", "blue"), "size": ("s", "l")})
PLAIN = Metric("ebbtide_test_plain_total", "counter", "Things.")
DEFINED = Metric("ebbtide_test_defined_total", "counter", "By ids.", {"size": ("s", "l")}, defined=("sender",))
HELD = Metric("ebbtide_test_held_bytes", "gauge", "Held.")
TOOK = Metric("ebbtide_test_took_seconds", "histogram", "Took.", {"stage": ("a",)}, buckets=(0.1, 1))


def test_a_metric_counts_under_its_labels_only() -> None:
    metrics = Metrics([SEEN, PLAIN])
    metrics.counter(SEEN, size="l", colour="red").inc(3)
    metrics.counter(PLAIN).inc()
    assert metrics.value(SEEN, colour="red", size="l") == 3
    assert metrics.value(SEEN, colour="blue", size="l") == 0
    assert metrics.value(PLAIN) == 1


def test_gauges_and_histograms_are_read_back() -> None:
    metrics = Metrics([HELD], [TOOK])
    metrics.gauge(HELD).set(7)
    metrics.histogram(TOOK, stage="a").observe(0.5)
    assert (metrics.value(HELD), metrics.value(TOOK, stage="a")) == (7, 1)


def test_the_text_holds_every_series_of_a_counter_from_the_start_and_no_other() -> None:
    lines = [line for line in Metrics([SEEN]).render().decode().splitlines() if not line.startswith("#")]
    assert len(lines) == 4
    assert 'ebbtide_test_seen_total{colour="red",size="s"} 0.0' in lines


def test_the_chosen_buckets_are_the_ones_exposed() -> None:
    metrics = Metrics([TOOK])
    metrics.histogram(TOOK, stage="a").observe(0.5)
    text = metrics.render().decode()
    assert [f'le="{bound}"' in text for bound in ("0.1", "1.0", "+Inf", "2.5")] == [True, True, True, False]


@pytest.mark.parametrize("labels", [{}, {"colour": "red"}, {"colour": "red", "size": "xl"}, {"colour": "red", "size": "s", "more": "x"}])
def test_a_label_or_value_that_is_not_declared_is_refused(labels: dict[str, str]) -> None:
    metrics = Metrics([SEEN])
    with pytest.raises(ValueError, match="ebbtide_test_seen_total"):
        metrics.counter(SEEN, **labels)
    with pytest.raises(ValueError, match="ebbtide_test_seen_total"):
        metrics.value(SEEN, **labels)


def test_another_kind_is_refused() -> None:
    metrics = Metrics([PLAIN, HELD])
    with pytest.raises(ValueError, match="is a counter, not a gauge"):
        metrics.gauge(PLAIN)
    with pytest.raises(ValueError, match="is a gauge, not a histogram"):
        metrics.histogram(HELD)


def test_a_metric_outside_the_catalogues_is_refused() -> None:
    metrics = Metrics([PLAIN])
    impostor = Metric(PLAIN.name, "counter", "The same name, declared elsewhere.")
    assert (metrics.knows(PLAIN), metrics.knows(HELD)) == (True, False)
    for stranger in (HELD, impostor):
        with pytest.raises(LookupError):
            metrics.counter(stranger)
    with pytest.raises(LookupError):
        metrics.value(HELD)


def test_two_metrics_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        Metrics([PLAIN], [PLAIN])


def test_two_sets_of_metrics_do_not_meet() -> None:
    first, second = Metrics([PLAIN]), Metrics([PLAIN])
    first.counter(PLAIN).inc()
    assert second.value(PLAIN) == 0


@pytest.mark.parametrize(
    ("declare", "rule"),
    [
        (lambda: Metric("other_x_total", "counter", "h"), "starts with ebbtide_"),
        (lambda: Metric("ebbtide_X_total", "counter", "h"), "lower case"),
        (lambda: Metric("ebbtide_x_total", "summary", "h"), "the kind"),  # type: ignore[arg-type]
        (lambda: Metric("ebbtide_x_total", "counter", " "), "help"),
        (lambda: Metric("ebbtide_x", "counter", "h"), "end in _total"),
        (lambda: Metric("ebbtide_x_total", "gauge", "h"), "only counters"),
        (lambda: Metric("ebbtide_x_seconds", "histogram", "h"), "name their buckets"),
        (lambda: Metric("ebbtide_x_seconds", "gauge", "h", buckets=(1,)), "only histograms"),
        (lambda: Metric("ebbtide_x_seconds", "histogram", "h", buckets=(1, 1)), "ascend"),
        (lambda: Metric("ebbtide_x_seconds", "histogram", "h", buckets=(1, float("inf"))), "finite"),
        (lambda: Metric("ebbtide_x_seconds", "histogram", "h", {"le": ("a",)}, (1,)), "cannot name a label"),
        (lambda: Metric("ebbtide_x_total", "counter", "h", {"Bad": ("a",)}), "cannot name a label"),
        (lambda: Metric("ebbtide_x_total", "counter", "h", {"a": ()}), "different values"),
        (lambda: Metric("ebbtide_x_total", "counter", "h", {"a": ("b", "b")}), "different values"),
        (lambda: Metric("ebbtide_x_total", "counter", "h", {"a": tuple(map(str, range(1001)))}), "more than 1000"),
    ],
)
def test_a_declaration_that_breaks_a_rule_is_refused(declare: object, rule: str) -> None:
    assert callable(declare)
    with pytest.raises(ValueError, match=rule):
        declare()


def test_a_catalogue_names_every_metric_of_its_module() -> None:
    for module in (collector, process, sender, worker):
        assert declared(module) == module.CATALOGUE
    Metrics(process.CATALOGUE, worker.CATALOGUE).render()


def test_ids_of_definitions_may_be_labels_and_have_a_series_from_their_first_look_up() -> None:
    metrics = Metrics([DEFINED])
    assert b"ebbtide_test_defined_total{" not in metrics.render()
    metrics.counter(DEFINED, size="l", sender="shop")
    assert b'ebbtide_test_defined_total{sender="shop",size="l"} 0.0' in metrics.render()
    for wrong in ({"size": "l"}, {"size": "x", "sender": "shop"}, {"size": "l", "sender": "Of a stranger"}):
        with pytest.raises(ValueError, match="ebbtide_test_defined_total"):
            metrics.counter(DEFINED, **wrong)


def test_beyond_a_thousand_the_ids_share_one_series() -> None:
    metrics = Metrics([DEFINED])
    for number in range(1_010):
        metrics.counter(DEFINED, size="l", sender=f"s{number}").inc()
    metrics.counter(DEFINED, size="l", sender="s3").inc()
    assert metrics.value(DEFINED, size="l", sender="s3") == 2
    assert metrics.value(DEFINED, size="l", sender="other") == 10


def test_a_label_is_either_named_or_of_definitions() -> None:
    with pytest.raises(ValueError, match="'size' cannot name a label"):
        Metric("ebbtide_test_x_total", "counter", "X.", {"size": ("s",)}, defined=("size",))
