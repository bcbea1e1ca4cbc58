"""The table of clients on docs/sources/README.md, made of what the tests of clients have written in ``results``.

``python -m tests.clients.table`` writes the page anew. Measure with ``EBBTIDE_RECORD_CLIENTS=1 scripts/test tests/clients``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "sources" / "README.md"
RESULTS: Final = Path(__file__).resolve().parent / "results"
_BEGIN: Final = "<!-- clients: written by `python -m tests.clients.table` -->\n"
_END: Final = "<!-- end of clients -->\n"
_HEAD: Final = ("protocol", "client", "version", "calls", "events", "stored once", "when an answer is lost")


def table() -> str:
    """All rows, by protocol and client."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")]
    rows.sort(key=lambda row: (row["protocol"], row["client"].strip("@")))
    lines = ["| " + " | ".join(_HEAD) + " |", "|" + "---|" * len(_HEAD)]
    for row in rows:
        cells = (row["protocol"], f"`{row['client']}`", row["version"], row["calls"], row["events"], row["stored_once"], row["lost_answer"])
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
