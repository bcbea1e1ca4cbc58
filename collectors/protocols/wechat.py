"""Callbacks of WeChat (``/wechat/<app_id>``: official accounts and mini-programs) and of WeCom (``/wecom/<corp_id>``).

``GET`` checks the address: the vendor wants to hear its ``echostr`` again, once, when the address is set. ``POST`` brings messages, as
XML or JSON, in plain, encrypted, or both.

**What the vendor hears.** It waits five seconds, and asks three times in all; then the message is lost, and a person who wrote it sees
that the account is out of order. ``success`` (WeCom: nothing) with 200 means that the events are stored. If they are not yet after
three seconds, the answer is 503: the vendor asks again, and since the id comes from the message, what was stored after all counts once.
A message that is proven to be the vendor's, but cannot be read, hears ``success`` as well once it is a dead letter: to send it again would
not mend it. With ``X-Strict-Mode: 1`` it hears why. A signature that is wrong hears 403.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from collectors.http import Answer, error_answer
from collectors.normalise import normalise
from collectors.protocols.port import READ, WRITE, Parsed, Route, Submission, WireProtocol, always
from collectors.protocols.segment import original
from collectors.wechat.app_messages import told_by_app
from collectors.wechat.envelope import opened_echo, opened_message, read_query
from collectors.wechat.telling import Told, text_of
from collectors.wechat.work_messages import told_by_work
from schemas import rejection
from schemas.errors import Rejected

if TYPE_CHECKING:
    from collectors.wechat.accounts import Account, Family

ANSWER_WITHIN_SECONDS: Final = 3.0
_TEXT: Final = b"text/plain; charset=utf-8"
_NO_SNIFFING: Final = ((b"x-content-type-options", b"nosniff"),)
_DONE: Final = {"wechat": Answer(200, b"success", _TEXT), "wecom": Answer(200, b"", _TEXT)}
_MILLISECONDS_FROM: Final = 100_000_000_000
_TELL: Final[dict[str, Callable[[Mapping[str, Any], str], list[Told]]]] = {"wechat": told_by_app, "wecom": told_by_work}


@dataclass(slots=True)
class Echo(Parsed):
    """A check of the address, and the text that answers it."""

    text: bytes = b""


def parse_callback(family: Family, submission: Submission) -> Parsed:
    """The events of one callback. Raises ``Rejected``."""
    request = submission.request
    assert submission.keyring is not None
    accounts = submission.keyring.accounts.find(family, request.path.rpartition(b"/")[2].decode("latin-1"))
    query = read_query(request.query)
    if request.method in READ:
        _, text = opened_echo(accounts, query)
        return Echo([], text=text)
    signers: list[Account] = []

    def recognised(account: Account) -> None:
        signers.append(account)
        submission.source = account.source

    fields = opened_message(accounts, query, submission.body(), submission.limits, recognised)
    return Parsed(list(_events(fields, signers[-1], submission)))


def _events(fields: dict[str, Any], account: Account, submission: Submission) -> list[tuple[str, bytes]]:
    if not text_of(fields, "MsgType") or (text_of(fields, "MsgType") == "event" and not text_of(fields, "Event")):
        raise Rejected(rejection.BAD_SHAPE, f"account {account.id}: a message has MsgType, and of type event an Event")
    arrival = submission.arrival(account.source, account.family)
    stated = _stated_ms(fields)
    message_id = _message_id(fields, account)
    context = {"vendorEvent": text_of(fields, "Event") or text_of(fields, "MsgType"), account.family: {"account": account.id}}
    events = []
    for told in _TELL[account.family](fields, account.id):
        call = {
            "messageId": f"{message_id}-{told.part}" if told.part else message_id,
            "event": told.name,
            "ids": told.ids,
            "timestamp": stated,
            "properties": told.properties,
            "context": dict(context),
        }
        events.append(normalise(call, "track", None, arrival, told.name if told.name.startswith("$") else None))
    return events


def _stated_ms(fields: Mapping[str, Any]) -> object:
    """``CreateTime`` is in seconds; where the vendor writes milliseconds, that shows."""
    value = text_of(fields, "CreateTime")
    if not value:
        return None
    if not value.isdecimal() or len(value) > 14:
        raise Rejected(rejection.BAD_TIME, "CreateTime is seconds since 1970")
    return int(value) if int(value) >= _MILLISECONDS_FROM else int(value) * 1_000


def _message_id(fields: Mapping[str, Any], account: Account) -> str:
    """The same for all tries of one message. An event has no id: who, when and which would take two codes scanned, or two contacts
    added, within one second for one; all that it says tells them apart, and is the same each time.
    """
    if text_of(fields, "MsgType") != "event" and (given := text_of(fields, "MsgId")):
        return f"{account.family}-{account.id}-{given}"
    said = orjson.dumps([account.family, account.id, fields], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()[:32]


def _accepted(family: Family, submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    return Answer(200, parsed.text, _TEXT, _NO_SNIFFING) if isinstance(parsed, Echo) else _DONE[family]


def _rejected(family: Family, submission: Submission, refusal: Rejected) -> Answer:
    proven = submission.source is not None and refusal.reason.dead_letter and refusal.reason is not rejection.NOT_DECRYPTED
    return _DONE[family] if proven and not submission.strict else error_answer(refusal.reason, refusal.detail)


def _protocol(family: Family) -> WireProtocol:
    route = Route(
        family,
        f"/{family}/*".encode(),
        (b"GET", *WRITE),
        partial(parse_callback, family),
        partial(_accepted, family),
        partial(_rejected, family),
        original,
        answer_within_seconds=ANSWER_WITHIN_SECONDS,
        heeds_limits=always,
    )
    return WireProtocol(family, (route,))


WECHAT: Final = _protocol("wechat")
WECOM: Final = _protocol("wecom")
