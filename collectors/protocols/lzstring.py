"""LZ-string, the compression of GrowingIO's clients: reading only, and never more than a limit.

A code is read bit by bit, its lowest bit first, from characters whose highest bit comes first. Codes 0 and 1 bring a new character of
8 and 16 bits, 2 ends the text, every other one is a place in the dictionary that both sides build alike.
"""

from __future__ import annotations

from typing import Final

from schemas import rejection
from schemas.errors import Rejected

_URI: Final = {
    character: f"{number:06b}" for number, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-$")
}
_NEW_8: Final = 0
_NEW_16: Final = 1
_END: Final = 2
_UTF16_SHIFT: Final = 32


def bits_of_bytes(packed: bytes) -> str:
    """The bits of characters of 16 bits, each as two bytes, the higher one first."""
    return f"{int.from_bytes(packed, 'big'):0{len(packed) * 8}b}" if packed else ""


def bits_of_text(packed: str) -> str:
    """The bits of characters that carry 15 each, from the space upwards. Raises ``Rejected``: bad-encoding."""
    codes = [ord(character) - _UTF16_SHIFT for character in packed]
    if any(not 0 <= code < 32_768 for code in codes):
        raise Rejected(rejection.BAD_ENCODING, "a character that LZ-string does not use")
    return "".join(f"{code:015b}" for code in codes)


def bits_of_uri(packed: str) -> str:
    """The bits of the 65 letters that need no escaping in an address; the last of them only fills. Raises ``Rejected``: bad-encoding."""
    try:
        return "".join(_URI[letter][-6:] for letter in packed)
    except KeyError:
        raise Rejected(rejection.BAD_ENCODING, "a letter that LZ-string does not use") from None


def unpacked(bits: str, most_characters: int) -> bytes:
    """The text in UTF-8. Raises ``Rejected``: bad-encoding, body-too-large."""
    reader = _Bits(bits)
    code = reader.read(2)
    if code == _END:
        return b""
    if code > _END:
        raise Rejected(rejection.BAD_ENCODING, "LZ-string begins with a new character")
    last = reader.character(code)
    entries = ["", "", "", last]
    found = [last]
    characters = 1
    width, room = 3, 4
    while True:
        code = reader.read(width)
        if code == _END:
            break
        if code in {_NEW_8, _NEW_16}:
            entries.append(reader.character(code))
            code = len(entries) - 1
            room -= 1
            if not room:
                room = 1 << width
                width += 1
        if code > len(entries):
            raise Rejected(rejection.BAD_ENCODING, "LZ-string names what it has not told")
        entry = entries[code] if code < len(entries) else last + last[0]
        characters += len(entry)
        if characters > most_characters:
            raise Rejected(rejection.BODY_TOO_LARGE, f"it unpacks to more than {most_characters} characters")
        found.append(entry)
        entries.append(last + entry[0])
        room -= 1
        last = entry
        if not room:
            room = 1 << width
            width += 1
    # What stands for one character beyond 16 bits are two here, as in every JavaScript text.
    return "".join(found).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


class _Bits:
    __slots__ = ("_at", "_bits")

    def __init__(self, bits: str) -> None:
        self._bits = bits
        self._at = 0

    def read(self, count: int) -> int:
        end = self._at + count
        if end > len(self._bits):
            raise Rejected(rejection.BAD_ENCODING, "LZ-string ends too early")
        code = int(self._bits[self._at : end][::-1], 2)
        self._at = end
        return code

    def character(self, code: int) -> str:
        return chr(self.read(16 if code == _NEW_16 else 8))
