"""Metrics of the worker."""

from __future__ import annotations

from typing import Final, get_args

from schemas.identities import REFUSED_IDS
from schemas.identity_records import REFUSALS
from schemas.rejection import REASONS
from schemas.transition import Cause
from stream.runtime.metrics import Metric

DIRECTIONS: Final = ("entered", "left")
STAGES: Final = ("read", "apply", "commit")
REASON_CODES: Final = tuple(reason.code for reason in REASONS if reason.stage == "lane")

_END_TO_END: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)
_SHORT: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

RECORDS: Final = Metric("ebbtide_worker_records_total", "counter", "Records read from the events topic, internal ones too.")
EVENTS: Final = Metric("ebbtide_worker_events_total", "counter", "Events applied to a person's state.")
DUPLICATES: Final = Metric("ebbtide_worker_duplicates_total", "counter", "Events that were skipped because they had been applied before.")
DEAD_LETTERS: Final = Metric("ebbtide_worker_dead_letters_total", "counter", "Records that became dead letters.", {"reason": REASON_CODES})
TRANSITIONS: Final = Metric(
    "ebbtide_worker_transitions_total", "counter", "Transitions published.", {"direction": DIRECTIONS, "cause": get_args(Cause)}
)
TRANSITIONS_WITHHELD: Final = Metric(
    "ebbtide_worker_transitions_withheld_total",
    "counter",
    "Entries and leaves held back by a segment's at_most.",
    {"direction": DIRECTIONS},
)
BATCHES: Final = Metric("ebbtide_worker_batches_total", "counter", "Batches committed to the store.")
BATCH_RECORDS: Final = Metric(
    "ebbtide_worker_batch_records", "histogram", "Records in one batch.", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000)
)
STAGE_SECONDS: Final = Metric("ebbtide_worker_stage_seconds", "histogram", "Time one batch spends in a stage.", {"stage": STAGES}, _SHORT)
EVENT_TO_TRANSITION_SECONDS: Final = Metric(
    "ebbtide_worker_event_to_transition_seconds",
    "histogram",
    "From the append of an event to the broker's acknowledgement of the transition that it caused.",
    buckets=_END_TO_END,
)
DUE_LATE_SECONDS: Final = Metric(
    "ebbtide_worker_due_late_seconds",
    "histogram",
    "From the time at which a segment changed without a record to the broker's acknowledgement of that transition.",
    buckets=_END_TO_END,
)
FORWARDED: Final = Metric("ebbtide_worker_forwarded_total", "counter", "Events passed on to the lane of the person they are about.")
MERGES: Final = Metric("ebbtide_worker_merges_total", "counter", "Persons that became a part of another.")
ERASED: Final = Metric("ebbtide_worker_erased_total", "counter", "Ids erased, with all that was held of their persons.")
FORGOTTEN: Final = Metric("ebbtide_worker_forgotten_total", "counter", "People forgotten because no event had come for `forget_after`.")
LINKS_REFUSED: Final = Metric(
    "ebbtide_worker_links_refused_total", "counter", "Ids that were not joined to the person whose event named them.", {"reason": REFUSALS}
)
IDS_REFUSED: Final = Metric(
    "ebbtide_worker_ids_refused_total", "counter", "Ids of events that name nobody by the rules of identity.", {"reason": REFUSED_IDS}
)
RECORDS_REPEATED: Final = Metric(
    "ebbtide_worker_internal_repeated_total", "counter", "Records from other lanes that had come before, or before their turn."
)
CLOCK_RECORDS: Final = Metric(
    "ebbtide_worker_clock_records_total", "counter", "$clock records written, so that time passes in a quiet partition."
)
SWEEP_PEOPLE: Final = Metric("ebbtide_worker_sweep_people_total", "counter", "People visited by sweeps.")
FENCED: Final = Metric("ebbtide_worker_fenced_total", "counter", "Lanes that stopped because another owner had taken their partition.")
REWINDS: Final = Metric("ebbtide_worker_rewinds_total", "counter", "Times the store came back older than this worker had left it.")
OFFSET_GAPS: Final = Metric(
    "ebbtide_worker_offset_gaps_total",
    "counter",
    "Records that the log skipped or lost between two reads; any value above 0 needs a person.",
)
BOUND_BITES: Final = Metric(
    "ebbtide_worker_bound_bites_total",
    "counter",
    "Values of tags, events of windows, matches or keys left out because a person would have held too many.",
)
LAG_RECORDS: Final = Metric(
    "ebbtide_worker_lag_records", "gauge", "Records between the end of the log and the committed cursors, over all lanes."
)
LANES: Final = Metric("ebbtide_worker_lanes", "gauge", "Partitions that this worker owns now.")
PEOPLE: Final = Metric("ebbtide_worker_people", "gauge", "People known in the partitions that this worker owns.")
LAST_COMMIT_TIMESTAMP_SECONDS: Final = Metric(
    "ebbtide_worker_last_commit_timestamp_seconds", "gauge", "When the last batch was committed, in seconds since 1970 UTC."
)
REDIS_SECONDS: Final = Metric("ebbtide_worker_redis_seconds", "histogram", "One round trip to Redis.", buckets=_SHORT)
STATE_BYTES: Final = Metric(
    "ebbtide_worker_state_bytes",
    "histogram",
    "Size of a person's packed state when it is written.",
    buckets=(128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536),
)

CATALOGUE: Final[tuple[Metric, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
