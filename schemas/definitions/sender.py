"""Reads senders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from schemas.definitions.consent import read_needs_of
from schemas.definitions.fault import near_match
from schemas.definitions.language import CAUSES, DIRECTIONS, SENDER
from schemas.definitions.model import Sender
from schemas.definitions.values import read_id, read_variable
from schemas.definitions.view import View, fields

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from schemas.definitions.known import Known


def sender_reader(known: Known) -> Callable[[View], Sender]:
    """A reader of one sender that may name the known segments and purposes."""

    def segment(view: View) -> str:
        text = view.text("the id of a segment")
        if text and known.complete and text not in known.segments:
            view.fault("the id of a segment", near=near_match(text, known.segments))
        return text

    def read(view: View) -> Sender:
        found = fields(view, SENDER)
        found.read("kind", lambda kind: kind.one_of(("webhook",)), "webhook")
        return Sender(
            id=found.read("id", read_id, ""),
            url=found.read("url", _url, ""),
            secret_env=found.read("secret_env", read_variable, ""),
            segments=found.read("segments", lambda items: _each(items, segment), ()),
            directions=cast("tuple[Literal['enter', 'leave'], ...]", found.read("directions", _words(DIRECTIONS), ())),
            causes=found.read("causes", _words(CAUSES), ()),
            silent=found.read("silent", View.flag, False),
            needs=tuple(node.purpose for node in read_needs_of(found, known)),
        )

    return read


def _each(view: View, reader: Callable[[View], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reader(item) for item in view.items()))


def _words(words: Collection[str]) -> Callable[[View], tuple[str, ...]]:
    return lambda view: _each(view, lambda item: item.one_of(words))


def _url(view: View) -> str:
    text = view.text("a URL with http or https")
    if not text:
        return ""
    if not _usable(text):
        view.fault("a URL with http or https and a host")
    elif "@" in urlsplit(text).netloc:
        # The definitions are kept in the log for ever, and a fault is printed: neither is a place for a password.
        view.fault("a URL without user and password", "a URL with a user or a password")
    return text


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and url.isprintable() and " " not in url
