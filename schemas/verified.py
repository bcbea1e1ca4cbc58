"""Whether a text can be used as what it is said to be: a phone, an e-mail address … Never asks the network."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import phonenumbers
from email_validator import EmailNotValidError, validate_email

_LONGEST: Final = 2_048
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def phone(text: str, region: str | None) -> str | None:
    """E.164 (``+8613812345678``) of a number that can have been given out; None if it cannot. ``region``: whose numbers have no ``+``."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None


def email(text: str) -> str | None:
    """The address with its domain in lower case; None if nothing could be sent there by its form (no look-up is made)."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def url(text: str) -> str | None:
    """The URL with scheme and host in lower case; None if it has none of http and https, or no host."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    if not usable or not text.isprintable() or " " in text:
        return None
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host.lower()}"))


def calendar_date(text: str) -> str | None:
    """The date as it is, ``1990-12-31``; None if there is no such day."""
    if not _DATE.fullmatch(text):
        return None
    return _or_none(date.fromisoformat, text)


def ip(text: str) -> str | None:
    """The address of either version in its short form."""
    return _or_none(ip_address, text)


def uuid(text: str) -> str | None:
    """The UUID in lower case with dashes."""
    return _or_none(UUID, text)


def _or_none(reader: Callable[[str], Any], text: str) -> str | None:
    try:
        return str(reader(text))
    except ValueError:
        return None


_READERS: Final[dict[str, Callable[[str], str | None]]] = {"email": email, "url": url, "date": calendar_date, "ip": ip, "uuid": uuid}


def reader_of(kind: str, region: str | None) -> Callable[[Any], str | None]:
    """A reader of values of a kind: its one form, or None if it is none. A phone may be a whole number, too."""
    read = (lambda text: phone(text, region)) if kind == "phone" else _READERS[kind]

    def ask(value: Any) -> str | None:
        if type(value) is int and kind == "phone":
            value = str(value) if abs(value) < 10**20 else ""
        return read(value.strip()) if type(value) is str and len(value) <= _LONGEST else None

    return ask
