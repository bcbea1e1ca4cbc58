"""The vendor's side of a callback: wechatpy, a client library that others wrote, signs and encrypts as WeChat's servers do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import xmltodict
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.utils import WeChatSigner

TOKEN: Final = "token-of-the-brand"
AES_KEY: Final = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
OTHER_KEY: Final = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
NONCE: Final = "437374425"


def signature(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


@dataclass(frozen=True)
class Callback:
    """What the vendor sends: a query and a body."""

    query: str
    body: bytes = b""


@dataclass(frozen=True)
class Vendor:
    """One account as its owner set it up in the vendor's console."""

    account: str
    token: str = TOKEN
    aes_key: str = AES_KEY
    timestamp: str = "1763999999"

    def checks(self, echo: str) -> Callback:
        """The check of an address as official accounts get it."""
        return Callback(self._query(signature=signature(self.token, self.timestamp, NONCE), echostr=echo))

    def checks_sealed(self, echo: str) -> Callback:
        """The check of an address as WeCom makes it."""
        sealed = PrpCrypto(WeChatCrypto(self.token, self.aes_key, self.account).key).encrypt(echo, self.account).decode()
        return Callback(self._query(msg_signature=signature(self.token, self.timestamp, NONCE, sealed), echostr=sealed))

    def plain(self, message: str | dict[str, Any]) -> Callback:
        return Callback(self._query(signature=signature(self.token, self.timestamp, NONCE)), body_of(message))

    def sealed(self, message: str | dict[str, Any], *, as_json: bool = False, beside: str = "") -> Callback:
        """Encrypted; ``beside``: what stands in plain next to it in compatible mode."""
        crypto = WeChatCrypto(self.token, self.aes_key, self.account)
        made = xmltodict.parse(crypto.encrypt_message(body_of(message).decode(), NONCE, self.timestamp))["xml"]
        query = self._query(
            signature=signature(self.token, self.timestamp, NONCE), msg_signature=made["MsgSignature"], encrypt_type="aes", openid="oP"
        )
        if as_json:
            return Callback(query, orjson.dumps({"ToUserName": "gh_1", "Encrypt": made["Encrypt"]}))
        outer = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName>{beside}<Encrypt><![CDATA[{made['Encrypt']}]]></Encrypt></xml>"
        return Callback(query, outer.encode())

    def _query(self, **more: str) -> str:
        return urlencode({**more, "timestamp": self.timestamp, "nonce": NONCE})


def body_of(message: str | dict[str, Any]) -> bytes:
    return message.encode() if isinstance(message, str) else orjson.dumps(message)


def xml(event: str = "", **fields: object) -> str:
    """A message of a person at a fixed second; of type event if it has one."""
    said = {"ToUserName": "gh_1", "FromUserName": "oP", "CreateTime": 1_763_999_999, "MsgType": "event", **fields}
    if event:
        said["Event"] = event
    return f"<xml>{''.join(_element(name, value) for name, value in said.items() if value is not None)}</xml>"


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    return f"<{name}>{value}</{name}>" if isinstance(value, int) else f"<{name}><![CDATA[{value}]]></{name}>"
