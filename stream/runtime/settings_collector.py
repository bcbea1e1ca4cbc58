"""The collector's settings."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class CollectorSettings(BaseModel):
    """What a collector may be told: ports, limits, deadlines; environment ``EBBTIDE_COLLECTOR_…``, table ``[collector]`` of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    port: int = Field(8080, ge=0, le=65_535, description="Port of the HTTP API; 0 takes any free one.")
    metrics_port: int = Field(9101, ge=0, le=65_535, description="Port of metrics and health; 0 takes any free one.")

    ip_requests_per_second: int = Field(
        0,
        ge=0,
        description="Requests a second of one address, in bursts of ten times that; more are refused unread. 0 is as many as come: "
        "set it only where `trusted_proxies` names all proxies, else all clients behind one count together.",
    )
    max_connections: int = Field(10_000, ge=1, description="Connections held at once; one more is answered 503 and closed.")
    max_header_bytes: int = Field(32_768, ge=1_024, description="Request line and headers together; more is answered 431.")
    max_body_bytes: int = Field(1_048_576, ge=1_024, description="A body as it comes over the wire; more is answered 413.")
    max_decompressed_bytes: int = Field(4_194_304, ge=1_024, description="What a gzip body may grow to; more is answered 413.")
    max_decompression_ratio: int = Field(200, ge=1, description="Decompressed over compressed size, asked from 64 KiB decompressed on.")
    max_buffered_bytes: int = Field(67_108_864, ge=65_536, description="All bodies that are being read, together; more is answered 503.")
    max_event_bytes: int = Field(32_768, ge=256, description="One event, decompressed.")
    max_events_per_batch: int = Field(1_000, ge=1, description="Events in one body.")
    max_depth: int = Field(64, ge=4, le=64, description="Levels of nesting in one event.")
    max_keys: int = Field(2_000, ge=16, description="Keys of all objects of one event together.")

    header_deadline_seconds: float = Field(5.0, gt=0, description="From connecting, or a request's first byte, to the end of its headers.")
    body_deadline_seconds: float = Field(10.0, gt=0, description="From the end of the headers to the end of the body.")
    keep_alive_seconds: float = Field(65.0, gt=0, description="How long a connection may rest between two requests.")
    linger_close_seconds: float = Field(2.0, gt=0, description="How long the rest of a refused body is read and thrown away.")
    drain_seconds: float = Field(20.0, gt=0, description="From SIGTERM until requests that are still open are given up.")

    produce_linger_ms: float = Field(2.0, ge=0, le=100, description="How long events gather under load before they are sent to the broker.")
    produce_batch_bytes: int = Field(262_144, ge=16_384, le=900_000, description="Size at which one partition's batch is full.")
    produce_deadline_seconds: float = Field(5.0, gt=0, description="How long a request waits for the broker before it hears 503.")
    produce_request_seconds: float = Field(10.0, gt=0, description="How long one attempt to write to the broker may take.")
    max_in_flight_events: int = Field(50_000, ge=1, description="Events that wait for the broker; more are answered 503.")
    max_in_flight_bytes: int = Field(67_108_864, ge=1_048_576, description="Bytes that wait for the broker; more are answered 503.")
    retry_after_seconds: int = Field(2, ge=1, description="What Retry-After says with a 503.")

    spool_bytes_max: int = Field(
        1_073_741_824,
        ge=0,
        description="What the spool may hold on disk; with more, events are answered 503. 0 is no spool.",
    )
    spool_segment_bytes: int = Field(
        16_777_216, ge=4_096, le=1_073_741_824, description="Size at which a file of the spool is full; drained files are deleted whole."
    )
    spool_reserve_bytes: int = Field(
        268_435_456, ge=0, description="Free space that the spool leaves on its disk; with less it counts as full."
    )
    spool_after_seconds: float = Field(1.0, gt=0, description="How long events wait for the broker before they go to the spool.")

    dead_letters_per_second: int = Field(
        50, ge=0, description="Dead letters stored a second, in bursts of up to ten times that; the rest is counted."
    )
    trusted_proxies: tuple[str, ...] = Field((), description="Networks whose X-Forwarded-For is believed, for example 10.0.0.0/8.")
    visitor_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="Names visitors who bring no id alike on several machines; without it a random salt in the data folder does so on one, "
        "and is thrown away daily.",
    )

    admin_token: SecretStr | None = Field(
        None, min_length=16, description="Lets those who send it watch what arrives on `/debug/events`; without it there is no such path."
    )
    debug_streams_max: int = Field(8, ge=1, le=1_000, description="Who may watch `/debug/events` at once; one more is answered 503.")
    debug_queue_bytes: int = Field(
        1_048_576, ge=65_536, description="What is kept for one who watches and reads slowly; of what is lost the number is told."
    )

    region_file: Path | None = Field(
        None, description="File in MaxMind's format (mmdb) by which sources with `enrich: {region: true}` look addresses up."
    )
    region_xdb_files: tuple[Path, ...] = Field(
        (), description="Files of ip2region (xdb), of IPv4, IPv6 or one of each: what they say of China comes before `region_file`."
    )
    region_language: str = Field("en", min_length=2, description="Language of names out of `region_file`, if it has them: en, zh-CN …")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            ip_network(item)
        return value
