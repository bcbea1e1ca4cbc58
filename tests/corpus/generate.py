"""What tests draw their records from, in one place."""

from __future__ import annotations

from tests.corpus.broken import malformed
from tests.corpus.definitions import definitions_for_load, numbered
from tests.corpus.log import activate, internal, lay_out, log_of, prepare, strew
from tests.corpus.oddities import DOUBTFUL_TIMES
from tests.corpus.shop import Shares, Shop, ShopEvent, shop_events, ticking

__all__ = [
    "DOUBTFUL_TIMES",
    "Shares",
    "Shop",
    "ShopEvent",
    "activate",
    "definitions_for_load",
    "internal",
    "lay_out",
    "log_of",
    "malformed",
    "numbered",
    "prepare",
    "shop_events",
    "strew",
    "ticking",
]
