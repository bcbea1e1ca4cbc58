"""What makes a callback trustworthy and readable: signatures by the token, AES-256-CBC under the EncodingAESKey."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from hashlib import sha1
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

KEY_CHARACTERS: Final = 43
_KEY: Final = re.compile(rf"[A-Za-z0-9+/]{{{KEY_CHARACTERS}}}")
_BLOCK_BITS: Final = 256  # the padding's own block, twice that of AES
_BLOCK_BYTES: Final = _BLOCK_BITS // 8
_RANDOM_BYTES: Final = 16
_LENGTH_BYTES: Final = 4
_FRAME_BYTES: Final = _RANDOM_BYTES + _LENGTH_BYTES


def is_signed(signature: str, token: bytes, *parts: str) -> bool:
    """Whether ``signature`` is that of these parts (timestamp, nonce, and what is encrypted) under the token; takes as long either way."""
    words = sorted((token, *(part.encode(errors="surrogatepass") for part in parts)))
    # The vendor's protocol has SHA-1. It holds here: nobody can choose the token, and no collision helps without it.
    made = sha1(b"".join(words)).hexdigest()  # noqa: S324
    return hmac.compare_digest(made.encode(), signature.encode(errors="surrogatepass"))


class MessageCipher:
    """Opens what is encrypted under one EncodingAESKey: 43 characters of base64. Raises ``ValueError`` for another text, without it."""

    __slots__ = ("_cipher",)

    def __init__(self, encoding_aes_key: str) -> None:
        if not _KEY.fullmatch(encoding_aes_key):
            raise ValueError(f"an EncodingAESKey has {KEY_CHARACTERS} letters and digits")
        key = b64decode(encoding_aes_key + "=")
        # The vendor's protocol takes the beginning of the key for the IV; what is encrypted begins with 16 random bytes in return.
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def __repr__(self) -> str:
        return "MessageCipher(…)"

    def open(self, encrypted: str) -> tuple[bytes, str]:
        """The message, and the id of the account that it is meant for. Raises ``ValueError`` if the key is another or bytes are wrong.

        Ask only once the signature is found right: then nobody can learn from errors what a padding was.
        """
        sealed = b64decode(encrypted.encode(), validate=True)
        if not sealed or len(sealed) % _BLOCK_BYTES:
            raise ValueError("no whole number of blocks")
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        framed = unpadder.update(padded) + unpadder.finalize()
        end = _FRAME_BYTES + int.from_bytes(framed[_RANDOM_BYTES:_FRAME_BYTES], "big")
        if not _FRAME_BYTES <= end <= len(framed):
            raise ValueError("a length beyond the end")
        return framed[_FRAME_BYTES:end], framed[end:].decode()
