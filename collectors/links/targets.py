"""Where a link may lead: the origins that its source lists, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

TARGET_BYTES_MAX: Final = 2_048
# What browsers read in several ways (backslashes, users before the host, blanks, capitals in the host) is no target at all.
_TARGET: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?P<port>:[0-9]{1,5})?(?:[/?#][!#-;=?-\[\]_a-z|~]*)?"
)


def is_allowed(target: str, origins: Iterable[str]) -> bool:
    """Whether a target is on one of these origins; ``https://*.shop.example`` is each host below that one, not the host itself."""
    found = _TARGET.fullmatch(target)
    if found is None or len(target) > TARGET_BYTES_MAX:
        return False
    scheme, host, port = found["scheme"], found["host"], found["port"] or ""
    return any(_covers(origin, scheme, host, port) for origin in origins)


def _covers(origin: str, scheme: str, host: str, port: str) -> bool:
    if origin == f"{scheme}://{host}{port}":
        return True
    star = f"{scheme}://*"
    return origin.startswith(f"{star}.") and f"{host}{port}".endswith(origin[len(star) :])
