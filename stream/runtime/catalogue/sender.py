"""Metrics of the sender: totals over all senders of the process, but for decoys: an alert must name who reached one."""

from __future__ import annotations

from typing import Final

from schemas.rejection import REASONS
from stream.runtime.metrics import Metric

OUTCOMES: Final = (
    "delivered",  # 2xx
    "gone",  # 410
    "redirected",  # 3xx: redirects are not followed
    "throttled",  # 429
    "rejected",  # any other 4xx
    "failed",  # 5xx
    "timeout",
    "unreachable",  # no connection, or it broke before a status
    "garbage",  # an answer that is no HTTP
    "refused_address",
)
SKIPS: Final = ("not_wanted", "no_consent", "finished_before", "decoy")
REASON_CODES: Final = tuple(reason.code for reason in REASONS if reason.stage == "sender")

RECORDS: Final = Metric("ebbtide_sender_records_total", "counter", "Records read from the transitions topic, once for each sender.")
SKIPPED: Final = Metric(
    "ebbtide_sender_skipped_total",
    "counter",
    "Records that were not sent: not asked for, of a person without consent, finished by an earlier owner, of a decoy that blocks.",
    {"why": SKIPS},
)
ATTEMPTS: Final = Metric("ebbtide_sender_attempts_total", "counter", "Requests to receivers, by how they ended.", {"outcome": OUTCOMES})
ATTEMPT_SECONDS: Final = Metric(
    "ebbtide_sender_attempt_seconds",
    "histogram",
    "Time one request takes.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
)
DECOYS_REACHED: Final = Metric(
    "ebbtide_decoy_reached_total",
    "counter",
    "Transitions of decoys that a sender sent or was about to send; any value above 0 needs a person.",
    defined=("sender",),
)
DELIVERED: Final = Metric("ebbtide_sender_delivered_total", "counter", "Transitions that a receiver took.")
DEAD_LETTERS: Final = Metric(
    "ebbtide_sender_dead_letters_total", "counter", "Transitions that became dead letters.", {"reason": REASON_CODES}
)
DELIVERY_SECONDS: Final = Metric(
    "ebbtide_sender_delivery_seconds",
    "histogram",
    "From the publishing of a transition to the receiver's 2xx.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600, 3600, 86400),
)
COMMIT_FAILURES: Final = Metric(
    "ebbtide_sender_commit_failures_total", "counter", "Commits that the broker refused; what they covered may be sent again."
)
RESTARTS: Final = Metric("ebbtide_sender_restarts_total", "counter", "Times a sender stopped on an error and was started again.")
EXPIRED: Final = Metric(
    "ebbtide_sender_expired_total",
    "counter",
    "Offsets that the log dropped by its retention before they were delivered; any value above 0 needs a person.",
)
WAITING: Final = Metric("ebbtide_sender_waiting", "gauge", "Transitions in memory that are not finished.")
OLDEST_SECONDS: Final = Metric(
    "ebbtide_sender_oldest_seconds", "gauge", "Age of the oldest transition in memory that is not finished, since its publishing."
)
LAG_RECORDS: Final = Metric(
    "ebbtide_sender_lag_records", "gauge", "Records between the committed offsets and the end of the log, added over all senders."
)
SENDERS: Final = Metric(
    "ebbtide_sender_senders", "gauge", "Senders by what they do now.", {"state": ("running", "failing", "disabled", "not_ready")}
)
BREAKERS_OPEN: Final = Metric("ebbtide_sender_breakers_open", "gauge", "Senders whose receiver is being asked by one attempt at a time.")

CATALOGUE: Final[tuple[Metric, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
