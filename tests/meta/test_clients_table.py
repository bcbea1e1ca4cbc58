"""The table of clients says what their tests have measured."""

from __future__ import annotations

import json

from tests.clients.table import PAGE, RESULTS, page


def test_the_table_of_clients_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.clients.table"


def test_no_client_lost_or_doubled_anything() -> None:
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    assert rows
    assert [row["client"] for row in rows if row["stored_once"] != row["events"] or not row["events"]] == []
