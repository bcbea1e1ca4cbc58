"""Reads what a source's events are enriched with."""

from __future__ import annotations

import re
from typing import Final

from schemas.definitions.language import ENRICH, PARAMETER_PATTERN
from schemas.definitions.nodes import Listing
from schemas.definitions.source_model import Enrichment
from schemas.definitions.view import View, fields

_PARAMETER: Final = re.compile(PARAMETER_PATTERN)


def read_enrichment(view: View) -> Enrichment:
    """Which steps are on."""
    found = fields(view, ENRICH)
    scrubbed = found.get("scrub_urls")
    names = _names(scrubbed) if scrubbed is not None and isinstance(scrubbed.node, Listing) else ()
    return Enrichment(
        user_agent=found.read("user_agent", View.flag, False),
        bots=found.read("bots", View.flag, False),
        campaign=found.read("campaign", View.flag, False),
        region=found.read("region", View.flag, False),
        truncate_ip=found.read("truncate_ip", View.flag, False),
        scrub_urls=scrubbed is not None and (isinstance(scrubbed.node, Listing) or scrubbed.flag()),
        scrub_parameters=names,
    )


def _names(view: View) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_name(item) for item in view.items()))


def _name(view: View) -> str:
    text = view.text("the name of a parameter")
    if text and not _PARAMETER.fullmatch(text):
        view.fault("the name of a parameter: at most 64 letters, digits, _ . - [ or ]")
    return text.lower()
