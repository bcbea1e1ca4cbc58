"""Metrics that every process has."""

from __future__ import annotations

from typing import Final

from stream import VERSION
from stream.runtime.metrics import Metric

BUILD_INFO: Final = Metric("ebbtide_build_info", "gauge", "Always 1; the label tells which version runs.", {"version": (VERSION,)})
START_TIMESTAMP_SECONDS: Final = Metric(
    "ebbtide_process_start_timestamp_seconds", "gauge", "When the process started, in seconds since 1970 UTC."
)
CPU_SECONDS: Final = Metric("ebbtide_process_cpu_seconds_total", "counter", "CPU time used, in user and system mode.")
RESIDENT_BYTES: Final = Metric("ebbtide_process_resident_bytes", "gauge", "Memory that the process holds.")
LOOP_LAG_SECONDS: Final = Metric(
    "ebbtide_process_loop_lag_seconds",
    "histogram",
    "How late the event loop woke a sleeper that watches it, four times a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)

CATALOGUE: Final = (BUILD_INFO, START_TIMESTAMP_SECONDS, CPU_SECONDS, RESIDENT_BYTES, LOOP_LAG_SECONDS)
