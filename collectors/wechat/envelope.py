"""From a callback's query and body to the message in it: who sent it is proven first, then it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from collectors.wechat.reading import read_message
from collectors.wechat.secrecy import is_signed
from schemas import rejection
from schemas.errors import Rejected

if TYPE_CHECKING:
    from collectors.body import Limits
    from collectors.wechat.accounts import Account

Query = Mapping[str, str]
_FIELDS_MAX: Final = 32
_SEALED_OVER_PLAIN: Final = 2  # base64 makes four bytes of three, and there is something around it


def read_query(query: bytes) -> Query:
    """The fields of a query, the first of each name. Raises ``Rejected``: too-many-keys."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise Rejected(rejection.TOO_MANY_KEYS, f"more than {_FIELDS_MAX} fields in the query") from None
    return dict(reversed(pairs))


def opened_echo(accounts: Sequence[Account], query: Query) -> tuple[Account, bytes]:
    """The account that a check of the address is for, and what it wants to hear. Raises ``Rejected``: wrong-signature, not-decrypted."""
    echo = query.get("echostr", "")
    if accounts[0].family == "wechat":
        return _signer(accounts, query, "signature"), echo.encode()
    sealed = echo.replace(" ", "+")  # base64 has no blank: it was a plus that nobody escaped
    account = _signer(accounts, query, "msg_signature", sealed)
    return account, _unsealed(account, sealed)


def opened_message(
    accounts: Sequence[Account], query: Query, body: bytes, limits: Limits, recognised: Callable[[Account], None]
) -> dict[str, Any]:
    """The fields of a message. ``recognised`` hears from which account it is, before anything can be wrong with the message itself.

    Where an account has a key, the encrypted part counts, and what stands in plain beside it does not.
    Raises ``Rejected``: wrong-signature, not-encrypted, not-decrypted, and what ``read_message`` raises.
    """
    with_keys = [account for account in accounts if account.ciphers]
    if with_keys and "msg_signature" in query:
        sealed = read_message(body, replace(limits, event_bytes=limits.event_bytes * _SEALED_OVER_PLAIN)).get("Encrypt")
        if type(sealed) is str:
            account = _signer(with_keys, query, "msg_signature", sealed)
            recognised(account)
            return read_message(_unsealed(account, sealed), limits)
    account = _signer(accounts, query, "signature")
    if not account.takes_plain:
        raise Rejected(rejection.NOT_ENCRYPTED, f"account {account.id}: say plain: true in its source to take such callbacks")
    recognised(account)
    fields = read_message(body, limits)
    if "Encrypt" in fields and not account.ciphers and "MsgType" not in fields:
        raise Rejected(rejection.NOT_DECRYPTED, f"account {account.id}: the callback is encrypted, and its source has no aes_key_env")
    return fields


def _signer(accounts: Sequence[Account], query: Query, name: str, *more: str) -> Account:
    signature = query.get(name, "")
    parts = (query.get("timestamp", ""), query.get("nonce", ""), *more)
    for account in accounts:
        fits = [is_signed(signature, token, *parts) for token in account.tokens]  # all are tried: how long it takes tells nothing
        if any(fits):
            return account
    what = f"no {name}" if not signature else f"its {name} is wrong"
    raise Rejected(rejection.WRONG_SIGNATURE, f"account {accounts[0].id}: {what}")


def _unsealed(account: Account, sealed: str) -> bytes:
    meant_for = ""
    for cipher in account.ciphers:
        try:
            message, meant_for = cipher.open(sealed)
        except ValueError:
            continue
        if meant_for == account.id:
            return message
    if meant_for:
        raise Rejected(rejection.NOT_DECRYPTED, f"account {account.id}: the callback is meant for another one")
    raise Rejected(rejection.NOT_DECRYPTED, f"account {account.id}: {len(account.ciphers)} AES keys were tried")
