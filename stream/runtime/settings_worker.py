"""The worker's settings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class WorkerSettings(BaseModel):
    """What a worker may be told; environment ``EBBTIDE_WORKER_…``, table ``[worker]`` of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    runner: Literal["faust", "aiokafka"] = Field(
        "faust", description="What reads the log: Faust, or a plain aiokafka loop that passes the same tests."
    )
    instance: str = Field(
        "worker-1",
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="Static member id in the group, unlike any other worker's: who comes back under it gets its partitions back.",
    )
    metrics_port: int = Field(9102, ge=0, le=65535, description="Port of /metrics, /healthz and /readyz; 0 takes any free one.")
    batch_records_max: int = Field(
        2000, ge=1, description="Records in one batch of a lane at most; a lane merges all that waits up to this number."
    )
    records_in_flight_max: int = Field(
        20_000, ge=1, description="Records read but not yet committed over all lanes; no more is fetched above it."
    )
    fetch_pace_ms: int = Field(
        6, ge=0, description="Rest between two fetches; larger batches at a low rate cost less CPU than many small ones. 0 never rests."
    )
    fetch_max_wait_ms: int = Field(
        100,
        ge=1,
        description="How long the broker may hold an empty fetch. A record that arrives ends the wait, so lower adds load, not speed.",
    )
    clock_spacing_ms: int = Field(
        20,
        ge=1,
        description="Least distance of two $clock records in a partition; lower is punctual, higher keeps the log small.",
    )
    session_timeout_ms: int = Field(
        6000, ge=1000, description="Silence after which the group gives this worker's partitions to another; at least three heartbeats."
    )
    heartbeat_ms: int = Field(1500, ge=100, description="Distance of two heartbeats to the consumer group.")
    drain_seconds: float = Field(
        10,
        ge=0,
        le=3600,
        allow_inf_nan=False,
        description="How long SIGTERM waits for batches under way; what is not committed by then is done again by the next owner.",
    )
    watchdog_seconds: float = Field(
        60, gt=0, allow_inf_nan=False, description="The process ends itself if for so long there is lag and no position moves."
    )
    sweep_people_max: int = Field(128, ge=1, description="People in one slice of due times or of a sweep; live records go between slices.")
    publish_window: int = Field(
        4, ge=1, le=1000, description="Committed batches whose transitions the broker has not acknowledged yet that a lane may run ahead."
    )
    redis_timeout_ms: int = Field(5000, ge=1, description="Deadline of one round trip to Redis.")
    wait_aof: bool = Field(
        False,
        description="Whether a batch waits for Redis to have it on disk (WAITAOF, Redis 7.2) before its offset is committed to Kafka.",
    )

    @model_validator(mode="after")
    def _agree(self) -> WorkerSettings:
        if self.heartbeat_ms * 3 > self.session_timeout_ms:
            raise ValueError(f"session_timeout_ms ({self.session_timeout_ms}) is at least three times heartbeat_ms ({self.heartbeat_ms})")
        if self.batch_records_max > self.records_in_flight_max:
            raise ValueError(
                f"records_in_flight_max ({self.records_in_flight_max}) is at least batch_records_max ({self.batch_records_max})"
            )
        return self
