from __future__ import annotations

from schemas.errors import EbbtideError


class UnreadableFile(EbbtideError):
    """The file as a whole cannot be imported; the text names the line and what is expected."""
