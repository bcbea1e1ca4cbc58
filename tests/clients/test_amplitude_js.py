"""A page with amplitude-js, Amplitude's client for browsers before the present one: a form, and an answer that is lost."""

from __future__ import annotations

import pytest

from tests.clients.running import DOMAIN, KEY, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import Running

CLIENT = "amplitude-js"


@pytest.mark.timeout(120)
async def test_amplitudes_older_client_for_browsers_delivers_all_once(collector: Running) -> None:
    async with front_of(collector, loses={"/2/httpapi"}) as front, node("browser/run.mjs", front.url, KEY, DOMAIN, CLIENT) as program:
        assert program.said == {CLIENT: {"calls": 12, "wrong": []}}
        await arrived(collector, 8)
        program.go_on()
        found = await arrived(collector, 13, again=1)
    assert front.lost == ["/2/httpapi"]
    assert found.names() == {"viewed": 11, "$identify": 1, "opened": 1}
    assert found.numbers() == list(range(11))
    assert all(0 <= event["receivedAt"] - event["timestamp"] < 60_000 for event in found.events), "the page's clock is an hour behind"
    assert len({event["anonymousId"] for event in found.events}) == 1
    (identify,) = found.named("$identify")
    assert (identify["userId"], identify["traits"]) == ("u1", {"city": "Shanghai"})
    assert [event.get("userId") for event in found.named("viewed") if event["properties"]["number"] in {0, 10}] in (
        ["u1", None],
        [None, "u1"],
    )
    front.keep(CLIENT, "/2/httpapi")
    settle(Row(CLIENT, version_of(CLIENT), "amplitude", 13, 13, len(found.events), "sends again, under the same ids"))
