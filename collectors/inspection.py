"""The checks of the definitions on the way of an event from its protocol to its partition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas import rejection
from schemas.definitions.quality_model import QualityRules
from schemas.errors import Rejected
from schemas.quality import Quality

Count = Callable[[str, str, str], None]
"""Hears source, check and outcome of each finding."""

Inspect = Callable[[dict[str, Any]], None]
"""Changes an event as the checks say. Raises ``Rejected``: poor-quality."""


def inspection(rules: QualityRules, count: Count) -> Inspect | None:
    """What to ask of each event; None if the definitions ask nothing, which then costs nothing."""
    quality = Quality(rules)
    if quality.is_empty:
        return None

    def inspect(event: dict[str, Any]) -> None:
        for finding in quality.inspect(event):
            count(event["source"], finding.check, finding.outcome)
            if finding.outcome == "refuse":
                raise Rejected(rejection.POOR_QUALITY, finding.text)

    return inspect
