"""The sender's settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SenderSettings(BaseModel):
    """What a sender process may be told; environment ``EBBTIDE_SENDER_…``, table ``[sender]`` of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    metrics_port: int = Field(9103, ge=0, le=65535, description="Port of /metrics, /healthz and /readyz; 0 takes any free one.")
    instance: str = Field(
        "sender-1",
        pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="Static member id in the consumer groups, different for each process; one that comes back goes on at once.",
    )
    session_timeout_ms: int = Field(
        10_000, ge=1000, description="Silence after which the group gives this process's partitions to another."
    )
    concurrency: int = Field(
        32, ge=1, le=1000, description="Attempts under way or not yet committed, for each sender; a kill repeats so many at most."
    )
    window_records: int = Field(
        1000,
        ge=1,
        le=2000,
        description="Transitions in memory, for each sender; while it is full nothing more is read, and Kafka keeps the rest.",
    )
    window_bytes: int = Field(33_554_432, ge=1024, description="The same bound in bytes of transitions.")
    attempt_seconds: float = Field(
        20, gt=0, le=300, allow_inf_nan=False, description="Deadline of one attempt, from the look-up of the name to the last byte read."
    )
    connect_seconds: float = Field(
        5, gt=0, le=300, allow_inf_nan=False, description="Deadline of look-up, connection and TLS handshake within an attempt."
    )
    retry_first_seconds: float = Field(
        2,
        gt=0,
        allow_inf_nan=False,
        description="Greatest wait before the first retry; each wait is drawn evenly between nought and its bound.",
    )
    retry_factor: float = Field(3, ge=1, allow_inf_nan=False, description="By how much the bound grows with each retry.")
    retry_longest_seconds: float = Field(14_400, gt=0, allow_inf_nan=False, description="Greatest bound of a wait between two attempts.")
    retry_horizon_seconds: float = Field(
        270_000,
        ge=0,
        allow_inf_nan=False,
        description="A transition becomes a dead letter at the first failure so long after its first attempt (75 h).",
    )
    retry_after_longest_seconds: float = Field(
        3600, ge=0, allow_inf_nan=False, description="How much of a receiver's Retry-After is obeyed."
    )
    breaker_failures: int = Field(
        10,
        ge=1,
        description="Failures in a row, of two persons at least, after which one attempt at a time asks whether the receiver is back.",
    )
    probe_longest_seconds: float = Field(30, gt=0, allow_inf_nan=False, description="Greatest wait between two such attempts.")
    commit_interval_ms: int = Field(
        5, ge=0, description="Rest between two commits of one sender. What is delivered but not committed takes a slot of concurrency."
    )
    drain_seconds: float = Field(22, ge=0, le=3600, allow_inf_nan=False, description="How long SIGTERM waits for attempts under way.")

    @model_validator(mode="after")
    def _agree(self) -> SenderSettings:
        if self.connect_seconds > self.attempt_seconds:
            raise ValueError(f"attempt_seconds ({self.attempt_seconds}) is at least connect_seconds ({self.connect_seconds})")
        return self
