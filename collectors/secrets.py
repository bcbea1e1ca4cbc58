"""Secrets of definitions: a definition names environment variables, and what they hold stays on the machine.

A variable ``NAME`` holds the secret; or ``NAME_FILE`` names a file that does. Several secrets with blanks between hold at once, while
one takes the other's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from schemas.errors import Misconfigured


def secret_words(name: str, secrets: Mapping[str, str]) -> list[str]:
    """The secrets that hold under a name, at least one; Misconfigured (never with a secret's text) if there is none."""
    text = secrets.get(name, "")
    file = secrets.get(f"{name}_FILE", "")
    if not text and file:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{name}_FILE: {type(error).__name__} on reading {file}") from None
    if not (words := text.split()):
        raise Misconfigured(f"neither {name} nor {name}_FILE is set")
    return words
