"""The metrics of the collector."""

from __future__ import annotations

from typing import Final

from schemas.rejection import REASONS
from stream.runtime.metrics import Metric

ROUTES: Final = (
    *("track", "identify", "page", "screen", "group", "alias", "batch"),
    *("pixel-track", "pixel-identify", "pixel-page", "pixel-screen", "pixel-group", "pixel-alias"),
    *("settings", "merge", "flags", "posthog", "umami", "plausible"),
    *("sensors", "snowplow", "link", "matomo", "growingio", "amplitude"),
    *("amplitude-identify", "mixpanel-track", "mixpanel-import", "mixpanel-engage", "mixpanel-groups", "ga4-mp"),
    *("ga4-check", "ga4-gtag", "cloudevents", "wechat", "wecom", "gif"),
    *("redirect", "hand-over", "preflight", "debug", "unknown"),
)
PROTOCOLS: Final = (
    *("segment", "pixel", "rudderstack", "posthog", "umami", "plausible"),
    *("sensors", "snowplow", "matomo", "growingio", "amplitude", "mixpanel"),
    *("ga4", "cloudevents", "wechat", "wecom", "links", "first-party"),
)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

REQUESTS: Final = Metric(
    "ebbtide_collector_requests_total",
    "counter",
    "Requests answered, by route and class of status.",
    labels={"route": ROUTES, "outcome": ("2xx", "3xx", "4xx", "5xx")},
)
REQUEST_SECONDS: Final = Metric(
    "ebbtide_collector_request_seconds",
    "histogram",
    "From a request's last byte to its answer.",
    labels={"route": ROUTES},
    buckets=_SECONDS,
)
EVENTS_ACCEPTED: Final = Metric(
    "ebbtide_collector_events_accepted_total",
    "counter",
    "Events that the broker has acknowledged, or that are in the spool.",
    labels={"protocol": PROTOCOLS},
)
REJECTED: Final = Metric(
    "ebbtide_collector_rejected_total",
    "counter",
    "Requests and single events refused, by reason.",
    labels={"reason": tuple(reason.code for reason in REASONS if reason.stage == "collector")},
)
DEAD_LETTERS: Final = Metric(
    "ebbtide_collector_dead_letters_total",
    "counter",
    "Dead letters: stored; only counted because the rate is capped or the bytes are too many; not taken by the broker.",
    labels={"outcome": ("stored", "capped", "too-large", "failed")},
)
QUALITY_FINDINGS: Final = Metric(
    "ebbtide_collector_quality_findings_total",
    "counter",
    "Events in which a check of the definitions found a wrong value: kept and labelled, the value dropped, or the event refused.",
    labels={"outcome": ("keep", "drop", "refuse")},
    defined=("source", "check"),
)
VIOLATIONS: Final = Metric(
    "ebbtide_collector_schema_violations_total",
    "counter",
    "Events that were not as their source says: by a schema or by the types that properties had first; kept and labelled, or refused.",
    labels={"kind": ("schema", "type"), "outcome": ("keep", "refuse")},
    defined=("source",),
)
TYPES_LEFT_OUT: Final = Metric(
    "ebbtide_collector_types_left_out_total",
    "counter",
    "Properties seen for the first time whose type is not kept, for its source has too many; they are not judged.",
    labels={},
    defined=("source",),
)
BATCH_EVENTS: Final = Metric(
    "ebbtide_collector_batch_events",
    "histogram",
    "Records in one batch sent to one partition.",
    labels={},
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
PRODUCE_SECONDS: Final = Metric(
    "ebbtide_collector_produce_seconds",
    "histogram",
    "From a batch's first record to the broker's acknowledgement.",
    labels={},
    buckets=_SECONDS,
)
PRODUCE_FAILURES: Final = Metric(
    "ebbtide_collector_produce_failures_total",
    "counter",
    "Batches that the broker refused or did not acknowledge in time.",
    labels={"cause": ("refused", "deadline")},
)
PRODUCER_RENEWALS: Final = Metric(
    "ebbtide_collector_producer_renewals_total",
    "counter",
    "Producers replaced because a refused batch had spoilt their sequence numbers.",
    labels={},
)
IN_FLIGHT_EVENTS: Final = Metric("ebbtide_collector_in_flight_events", "gauge", "Records that wait for the broker.", labels={})
IN_FLIGHT_BYTES: Final = Metric("ebbtide_collector_in_flight_bytes", "gauge", "Bytes that wait for the broker.", labels={})
SPOOL_EVENTS: Final = Metric(
    "ebbtide_collector_spool_events", "gauge", "Records in the spool that the broker does not have yet.", labels={}
)
SPOOL_BYTES: Final = Metric("ebbtide_collector_spool_bytes", "gauge", "What the spool's files hold.", labels={})
SPOOL_OLDEST: Final = Metric(
    "ebbtide_collector_spool_oldest_seconds", "gauge", "How long ago the oldest record in the spool was accepted.", labels={}
)
SPOOLED: Final = Metric("ebbtide_collector_spooled_total", "counter", "Records written to the spool.", labels={})
SPOOL_DRAINED: Final = Metric(
    "ebbtide_collector_spool_drained_total", "counter", "Records of the spool that the broker has taken.", labels={}
)
SPOOL_CUT_TAILS: Final = Metric(
    "ebbtide_collector_spool_cut_tails_total", "counter", "Files of the spool whose end was no whole record and was cut off.", labels={}
)
SPOOL_SET_ASIDE: Final = Metric(
    "ebbtide_collector_spool_set_aside_total",
    "counter",
    "Damaged stretches of the spool, and records that the broker never takes, kept in its folder `set-aside`.",
    labels={},
)
SPOOL_ERRORS: Final = Metric("ebbtide_collector_spool_errors_total", "counter", "Reads and writes of the spool that failed.", labels={})
SPOOL_SYNC_SECONDS: Final = Metric(
    "ebbtide_collector_spool_sync_seconds",
    "histogram",
    "Writing one group of records and waiting for the disk.",
    labels={},
    buckets=_SECONDS,
)
GIVEN_UP: Final = Metric(
    "ebbtide_collector_events_given_up_total",
    "counter",
    "Events that could not be stored or were over a limit, of clients that do not send again: answered as if they were stored.",
    labels={"protocol": PROTOCOLS},
)
LIMITED: Final = Metric(
    "ebbtide_collector_limited_events_total",
    "counter",
    "Events over a limit of their source: of an address, a write key, the source in a second, or in a day.",
    labels={"limit": ("ip", "key", "second", "day")},
    defined=("source",),
)
REQUESTS_WAITING: Final = Metric(
    "ebbtide_collector_requests_waiting",
    "gauge",
    "Requests of sources that take much of the processor, which wait for their turn.",
    labels={},
)
TURNS: Final = Metric(
    "ebbtide_collector_turns_total",
    "counter",
    "Requests that waited for their turn and were served, or refused because it took too long.",
    labels={"outcome": ("served", "late")},
)
HAND_OVERS: Final = Metric(
    "ebbtide_collector_hand_overs_total",
    "counter",
    "Visitors handed on to another host; and of those who came from one: taken, too old, not of our making, or out of another browser.",
    labels={"outcome": ("issued", "taken", "old", "wrong", "elsewhere")},
)
CONNECTIONS: Final = Metric("ebbtide_collector_connections", "gauge", "Open connections.", labels={})
DEBUG_CONNECTIONS: Final = Metric("ebbtide_collector_debug_connections", "gauge", "Who watches `/debug/events` now.", labels={})
DEBUG_LOST: Final = Metric(
    "ebbtide_collector_debug_lost_total",
    "counter",
    "Events not shown to who watched `/debug/events`, for reading too slowly.",
    labels={},
)
DEFINITIONS_VERSION: Final = Metric(
    "ebbtide_collector_definitions_version", "gauge", "Version of the definitions whose sources are known; 0 before the first.", labels={}
)

CATALOGUE: Final[tuple[Metric, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
