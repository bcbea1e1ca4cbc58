"""docs/performance.md from a result's JSON: every figure with its goal, its command, its date and the kind of machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

Row = tuple[str, str, str, bool | None]
_MILLION = 1_000_000
_REQUESTS_MUST = {"Segment, one event": 8_000, "Segment, a batch of 20": 60_000}


def write_page(page: Path, result: Path) -> None:
    """Write the page."""
    data = json.loads(result.read_text())
    machine = data["machine"]
    lines = [
        "# Performance",
        "",
        f"Measured by `scripts/bench` on a machine with {machine['cores']} cores and {machine['memory_gib']} GiB",
        f"of memory, Python {machine['python']}, with Kafka, Redis, the load and Ebbtide all on it.",
        f"Raw figures: `benchmarks/results/{result.name}`.",
        "",
        "| what | measured | must | | date |",
        "|---|---|---|---|---|",
    ]
    for date, (what, found, must, held) in dated(data):
        lines.append(f"| {what} | {found} | {must} | {'' if held is None else '✓' if held else '✗'} | {date} |")
    lines += [
        "",
        "The worker's rate is taken with the worker alone on one core, broker and store on the other; events are 547 bytes of JSON,",
        "definitions and workload are in `benchmarks/workload.py`. Latency runs from handing an event to the client library to",
        "reading the transition from its topic, so it holds two hops through Kafka and everything between. Bytes a person are",
        "Redis' own `used_memory`.",
        "",
    ]
    page.write_text("\n".join(lines))


def dated(data: dict[str, Any]) -> Iterator[tuple[str, Row]]:
    """Every figure there is, and when it was measured."""
    sections: dict[str, Callable[[dict[str, Any]], Iterator[Row]]] = {
        "worker": _worker_rows,
        "identity": _identity_rows,
        "collector": _collector_rows,
        "requests": _requests_rows,
        "enrichment": _enrichment_rows,
        "latency": _latency_rows,
        "segments": _segments_rows,
        "leaving": _leaving_rows,
        "fill": lambda held: _fill_rows(held["fill"]),
        **{key: partial(_fill_of, key) for key in sorted(data) if key.startswith("fill_")},
        "memory": _memory_rows,
        "restart": _restart_rows,
        "idle": _idle_rows,
    }
    for part, rows in sections.items():
        if part in data:
            yield from ((data["dates"][part], row) for row in rows(data))


def _fill_of(key: str, data: dict[str, Any]) -> Iterator[Row]:
    return _fill_rows(data[key])


def _worker_rows(data: dict[str, Any]) -> Iterator[Row]:
    stock = data.get("stock")
    if stock:
        found = f"{stock['events_per_second']:,.0f} ({stock['cpu_us_per_event']} µs CPU an event)"
        yield ("stock Faust agent that does nothing, events/s on one core", found, "", None)
    for one in data["worker"]:
        what = f"worker ({one['runner']}), {one['definitions']} definitions, {one['people']:,} people, events/s on one core"
        rate = one["events_per_second"]
        yield (what, f"{rate:,} ({one['cpu_us_per_event']} µs CPU an event)", "25,000", rate >= 25_000)
        if stock:
            ratio = rate / stock["events_per_second"]
            yield ("… against the stock agent, measured beside it", f"{ratio:.1f}×", "8×", ratio >= 8)


def _latency_rows(data: dict[str, Any]) -> Iterator[Row]:
    for one in data["latency"]:
        held = one["entry_ms_p50"] <= 25 and one["entry_ms_p99"] <= 100
        what = f"event → transition at {one['events_per_second']:,}/s ({one['runner']}), p50 / p99"
        yield (what, f"{one['entry_ms_p50']} / {one['entry_ms_p99']} ms", "25 / 100 ms", held)
        late = one["exit_late_ms_p99"]
        yield (f"timed exit lateness ({one['runner']}), p50 / p99", f"{one['exit_late_ms_p50']} / {late} ms", "– / 1,000 ms", late <= 1000)


def _memory_rows(data: dict[str, Any]) -> Iterator[Row]:
    for one, must in zip(data["memory"], (400, 800), strict=False):
        size = one["redis_bytes_per_person"]
        yield (f"Redis bytes a person at rest, {one['tags']} tags", str(size), str(must), size <= must)


def _identity_rows(data: dict[str, Any]) -> Iterator[Row]:
    one = data["identity"]
    plain, linked, share = one["plain"], one["linked"], one["ratio"]
    what = "worker, 1 event in 5 passed on to another lane, 1 in 200 links two people, against the same events without"
    found = f"{share:.0%} ({plain['cpu_us_per_event']} → {linked['cpu_us_per_event']} µs CPU an event)"
    yield (what, found, "60%", share >= 0.6)


def _segments_rows(data: dict[str, Any]) -> Iterator[Row]:
    for one in data["segments"]:
        how = "spread over 250 names of events" if one["spread"] else "all about one name of events, each with another `where`"
        touched = f"{one['few_segments_per_event']} and {one['many_segments_per_event']} segments read an event"
        found = f"{one['ratio']}× ({one['few_cpu_us_per_event']} → {one['many_cpu_us_per_event']} µs an event; {touched})"
        what = f"CPU of the worker an event, {one['many']:,} segments against {one['few']}, {how}"
        yield (what, found, "2×", one["ratio"] < 2) if one["spread"] else (what, found, "", None)


def _leaving_rows(data: dict[str, Any]) -> Iterator[Row]:
    leaving = data["leaving"]
    found, people = leaving["drain_seconds"], f"{leaving['people']:,}"
    held = found <= 60 and leaving["left_once"] == leaving["people"]
    what = f"{people} people leave at one instant: first to last exit"
    yield (what, f"{found} s, {leaving['left_once']:,} left once, {leaving['left_twice']} twice", "60 s, each once", held)
    yield _beside("… event → transition of a live load meanwhile", leaving, "drain")


def _fill_rows(one: dict[str, Any]) -> Iterator[Row]:
    """What was measured of fewer than a million is held against its share of the ten minutes, and says what a million would take."""
    people, seconds = one["people"], one["everybody_seconds"]
    found = f"{seconds} s (in force after {one['activated_seconds']} s)"
    if people < _MILLION:
        found += f"; not measured: a million at this rate {seconds * _MILLION / people:,.0f} s"
    must = 600 * min(people, _MILLION) / _MILLION
    yield (f"a definition that needs the past holds for {people:,} people with 3 events each", found, f"{must:,.0f} s", seconds <= must)
    yield _beside("… event → transition of a live load meanwhile", one, "fill")
    yield ("… the longest that a live event waited", f"{one['fill_ms_longest']} ms", "", None)


def _beside(what: str, one: dict[str, Any], stretch: str) -> Row:
    """p50 and p99 of a stretch against the quiet time before it in the same run."""
    ratio = one[f"{stretch}_ms_p99"] / one["quiet_ms_p99"]
    quiet, busy = (f"{one[f'{name}_ms_p50']} / {one[f'{name}_ms_p99']} ms" for name in ("quiet", stretch))
    return (f"{what}, p50 / p99", f"{busy}, before {quiet}: p99 {ratio:.1f}×", "p99 2×", ratio < 2)


def _collector_rows(data: dict[str, Any]) -> Iterator[Row]:
    for one in data["collector"]:
        rate = one["per_cpu_second"]
        when = "200 after the spool's fsync, no broker" if one.get("spooled") else "200 after acks=all"
        what = f"collector, one event a request, {when}, {one['connections']} connections, requests per second of its CPU time"
        yield (what, f"{rate:,} (a uvicorn app that does nothing: {one['reference_per_cpu_second']:,})", "8,000", rate >= 8_000)


def _requests_rows(data: dict[str, Any]) -> Iterator[Row]:
    for one in data["requests"]:
        rate, must = one["events_per_cpu_second"], _REQUESTS_MUST.get(one["kind"])
        what = f"collector, {one['kind']}, events per second of its CPU time"
        yield (what, f"{rate:,} ({one['requests_per_cpu_second']:,} requests)", f"{must:,}" if must else "", rate >= must if must else None)
        waits = f"{one['half_ms_p50']} / {one['half_ms_p99']} ms at {one['half_rate']:,} requests/s"
        yield ("… answered after, at half of what the load could send, at a constant rate, p50 / p99", waits, "", None)


def _enrichment_rows(data: dict[str, Any]) -> Iterator[Row]:
    for one in data["enrichment"]:
        events, rate = one["events_a_request"], one["per_cpu_second"]
        what = f"collector with all enrichment, {events} event{'s' if events > 1 else ''} a request, events per second of its CPU time"
        told = f"{rate:,} (without: {one['without_per_cpu_second']:,}; {one['microseconds_an_event']} µs an event)"
        must = 8_000 if events == 1 else 60_000
        yield (what, told, f"{must:,}", rate >= must)


def _restart_rows(data: dict[str, Any]) -> Iterator[Row]:
    restart = data["restart"]
    for runner in ("aiokafka", "faust"):
        found = restart[runner]
        p95 = found["first_event_seconds_p95"]
        what = f"kill -9 and restart to the first event applied ({runner}), p50 / p95 of {restart['kills']}"
        yield (what, f"{found['first_event_seconds_p50']} / {p95} s", "– / 5 s", p95 <= 5)


def _idle_rows(data: dict[str, Any]) -> Iterator[Row]:
    idle = data["idle"]
    total = idle["idle_megabytes_total"]
    yield ("idle stack, all processes, resident", f"{total} MB ({idle['idle_cpu_percent']} % CPU)", "1,610 MB", total <= 1610)
