"""The one table of rejections: reason → HTTP status → metric label → dead-letter header.

A reason's ``code`` is the label of the metrics and the ``reason`` header of a dead letter.
``status`` is what a strict client hears over HTTP; lanes and senders have none (0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Stage = Literal["collector", "lane", "sender"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which input can be refused.

    ``dead_letter`` is false where keeping the bytes would let a stranger fill the topic.
    """

    code: str
    stage: Stage
    status: int
    dead_letter: bool
    help: str


def _at_collector(code: str, status: int, help_text: str, *, dead_letter: bool = False) -> Reason:
    return Reason(code, "collector", status, dead_letter, help_text)


def _at_lane(code: str, help_text: str) -> Reason:
    return Reason(code, "lane", 0, True, help_text)


NO_WRITE_KEY: Final = _at_collector("no-write-key", 401, "the request carries no write key")
UNKNOWN_WRITE_KEY: Final = _at_collector("unknown-write-key", 401, "no source has this write key")
ORIGIN_NOT_ALLOWED: Final = _at_collector("origin-not-allowed", 403, "the source does not list this Origin")
LINK_NOT_ALLOWED: Final = _at_collector("link-not-allowed", 400, "a link leads to an origin that its source does not list")
NOT_FOUND: Final = _at_collector("not-found", 404, "no protocol answers on this path")
WRONG_ADMIN_TOKEN: Final = _at_collector("wrong-admin-token", 401, "the path is for those who hold the admin token")
METHOD_NOT_ALLOWED: Final = _at_collector("method-not-allowed", 405, "the path exists, with another method")
BODY_TIMEOUT: Final = _at_collector("body-timeout", 408, "headers or body did not arrive before the deadline")
BODY_TOO_LARGE: Final = _at_collector("body-too-large", 413, "the body, or what it decompresses to, is over the limit")
BAD_ENCODING: Final = _at_collector("bad-encoding", 400, "the compressed body cannot be read", dead_letter=True)
BAD_JSON: Final = _at_collector("bad-json", 400, "the body is not JSON", dead_letter=True)
BAD_REQUEST: Final = _at_collector("bad-request", 400, "the bytes are not an HTTP request")
HEADERS_TOO_LARGE: Final = _at_collector("headers-too-large", 431, "the request line and headers are over the limit")
TOO_MANY_KEYS: Final = _at_collector("too-many-keys", 400, "one event has more keys than the limit", dead_letter=True)
INTERNAL_ERROR: Final = _at_collector("internal-error", 500, "the collector failed on this request; its log says how")
TOO_DEEP: Final = _at_collector("too-deep", 400, "the body is nested deeper than the limit", dead_letter=True)
TOO_MANY_EVENTS: Final = _at_collector("too-many-events", 400, "the batch holds more events than the limit", dead_letter=True)
BAD_SHAPE: Final = _at_collector("bad-shape", 400, "the JSON is not what this path takes", dead_letter=True)
EVENT_TOO_LARGE: Final = _at_collector("event-too-large", 400, "one event is over the limit", dead_letter=True)
MISSING_NAME: Final = _at_collector("missing-name", 400, "a track call without an event name", dead_letter=True)
MISSING_PERSON: Final = _at_collector("missing-person", 400, "neither userId nor anonymousId nor another id", dead_letter=True)
BAD_TIME: Final = _at_collector("bad-time", 400, "a time that cannot be read", dead_letter=True)
POOR_QUALITY: Final = _at_collector("poor-quality", 400, "a check of the definitions refuses a value of the event", dead_letter=True)
SCHEMA_VIOLATED: Final = _at_collector(
    "schema-violated", 400, "the event is not as its source's schemas or first types say, and the source refuses such", dead_letter=True
)
UNKNOWN_ACCOUNT: Final = _at_collector("unknown-account", 404, "no source has this app id or corp id and a token")
ACCOUNT_NOT_READY: Final = _at_collector("account-not-ready", 503, "the collector lacks a secret of the source; its log says which")
UNKNOWN_LINK: Final = _at_collector("unknown-link", 404, "no source makes such links, or it is no link at all")
TARGET_NOT_ALLOWED: Final = _at_collector("target-not-allowed", 403, "the link leads to an origin that its source does not list")
WRONG_SIGNATURE: Final = _at_collector(
    "wrong-signature", 403, "the signature of a callback, link or pixel is not one that the source's secret makes"
)
NO_HAND_OVER: Final = _at_collector("no-hand-over", 404, "the source has no first-party id, or no secret to hand visitors over with")
NOT_ENCRYPTED: Final = _at_collector("not-encrypted", 403, "the callback is not encrypted, and the account's source wants it to be")
NOT_DECRYPTED: Final = _at_collector(
    "not-decrypted", 400, "no AES key of the account decrypts the callback, or it is meant for another account", dead_letter=True
)
BAD_XML: Final = _at_collector("bad-xml", 400, "the body is not XML, or has a document type", dead_letter=True)
RATE_LIMITED: Final = _at_collector("rate-limited", 429, "too much a second of the source or address; try again after Retry-After")
QUOTA_SPENT: Final = _at_collector("quota-spent", 429, "more events today than the source may send; try again after Retry-After")
OVERLOADED: Final = _at_collector("overloaded", 503, "too much is in flight; try again after Retry-After")
BROKER_AWAY: Final = _at_collector("broker-away", 503, "the broker did not acknowledge in time; try again after Retry-After")
SPOOL_FULL: Final = _at_collector("spool-full", 503, "the broker is away and the spool is full; try again after Retry-After")
SPOOL_FAILED: Final = _at_collector("spool-failed", 503, "the broker is away and the disk takes nothing; try again after Retry-After")

NOT_JSON: Final = _at_lane("not-json", "the record is not a JSON object in UTF-8")
UNKNOWN_TYPE: Final = _at_lane("unknown-type", "the type is none that an event may have")
NAME_MISSING: Final = _at_lane("name-missing", "a track event without a name")
TIME_UNREADABLE: Final = _at_lane("time-unreadable", "a timestamp that is neither whole milliseconds nor ISO 8601 with an offset")
TOO_OLD: Final = _at_lane("too-old", "the event time is further back than the definitions allow")
PERSON_MISSING: Final = _at_lane("person-missing", "no userId, no anonymousId and no other id")
WRONG_PARTITION: Final = _at_lane("wrong-partition", "a list's record names nobody of the partition")
TOO_MANY_HOPS: Final = _at_lane("too-many-hops", "more lanes have passed the record on than a chain of merged people can be long")
STATE_TOO_LARGE: Final = _at_lane("state-too-large", "applying the event would make the person's state larger than the limit")
UNREADABLE_INTERNAL: Final = _at_lane("unreadable-internal", "an internal record that this version does not know")
TOO_NESTED: Final = _at_lane("too-nested", "the record is nested deeper than the lane reads")

GONE: Final = Reason("gone", "sender", 0, True, "the receiver answered 410")
EXHAUSTED: Final = Reason("exhausted", "sender", 0, True, "all attempts over the whole schedule failed")
REFUSED_ADDRESS: Final = Reason("refused-address", "sender", 0, True, "the receiver's address is not one that may be called")
DECOY_REACHED: Final = Reason(
    "decoy-reached", "sender", 0, True, "a transition of a decoy was about to be sent: its list or export is in use"
)
UNREADABLE_TRANSITION: Final = Reason("unreadable-transition", "sender", 0, True, "a record of the transitions topic that is none")

REASONS: Final[tuple[Reason, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Reason))
BY_CODE: Final[dict[str, Reason]] = {reason.code: reason for reason in REASONS}
