"""The errors of Ebbtide, named for the action each calls for.

EbbtideError
├── Rejected       bad input: answer or dead-letter it with its reason, never retry
├── Unavailable    a broker, a store or a receiver is away: retry with backoff
├── Fenced         another owner has taken over: stop this lane now
└── Misconfigured  refuse to start; a person must change something
    └── DefinitionFaults  definitions that are wrong: nothing of them is applied
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.definitions.fault import Fault
    from schemas.rejection import Reason


class EbbtideError(Exception):
    """Root of all errors that Ebbtide raises on purpose."""


class Rejected(EbbtideError):
    """Input that cannot be accepted. ``reason`` comes from the catalogue; ``detail`` is for people."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.code}: {detail}" if detail else reason.code)
        self.reason = reason
        self.detail = detail


class Unavailable(EbbtideError):
    """A part that Ebbtide needs does not answer; the call may be repeated."""


class Fenced(EbbtideError):
    """The state belongs to another owner by now; nothing may be written any more."""


class Misconfigured(EbbtideError):
    """A setting or an outside state that only a person can mend. The text says how."""


class DefinitionFaults(Misconfigured):
    """Definitions that are refused whole. ``faults`` are all that was found, by file and line; the text has one a line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
