"""Texts that mean the same made equal."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text without differences of capitals, of width (full and half) and of blanks around and between."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
