"""What the definitions of a source ask to be worked out of its events, and to be taken from them.

Nothing that an event says by itself is overwritten, and what was enriched once is not changed when it comes in again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from collectors.enriching.addresses import truncated
from collectors.enriching.agents import Agents
from collectors.enriching.origin import Origins
from collectors.enriching.scrubbing import Scrubber
from schemas.definitions.source_model import Enrichment

if TYPE_CHECKING:
    from collectors.enriching.regions import Location, Regions
    from schemas.definitions.source_model import Source

Enrich = Callable[[dict[str, Any], str], None]
"""Changes an event. The text is an address that may be looked up, after the event's own, and is not stored."""

_REMEMBERED: Final = 16_384


class Enriching:
    """What all sources share: the parser of user agents, made when it is first asked for, the files of regions, and what is remembered."""

    def __init__(self, regions: Regions) -> None:
        self._regions = regions
        self.origins = Origins()
        self.location_of = lru_cache(maxsize=_REMEMBERED)(regions.of)
        self.location_around = lru_cache(maxsize=_REMEMBERED)(self._location_around)
        self.truncated = lru_cache(maxsize=_REMEMBERED)(truncated)

    @cached_property
    def agents(self) -> Agents:
        """The parser of user agents."""
        return Agents()

    def of_sources(self, sources: Iterable[Source]) -> dict[str, Enrich]:
        """By the id of a source, for those that ask for anything."""
        return {source.id: Steps(source.enrich, self) for source in sources if source.enrich != Enrichment()}

    def _location_around(self, address: str) -> Location:
        """Of an address that will be truncated: when it comes in again as a network, no more must be found than the first time."""
        return self._regions.of(address) or self._regions.of(truncated(address))


class Steps:
    """An ``Enrich`` of one source. First what must go goes, so that nothing is worked out of it."""

    def __init__(self, asked: Enrichment, shared: Enriching) -> None:
        self._scrubber = Scrubber(asked.scrub_parameters) if asked.scrub_urls else None
        self._origin_of = shared.origins.of if asked.campaign else None
        self._agent_of = shared.agents.of if asked.user_agent or asked.bots else None
        self._asked = asked
        self._truncated = shared.truncated if asked.truncate_ip else None
        location_of = shared.location_around if asked.truncate_ip else shared.location_of
        self._location_of = location_of if asked.region else None

    def __call__(self, event: dict[str, Any], hidden_ip: str) -> None:
        """See ``Enrich``."""
        context: dict[str, Any] = event["context"]
        properties: dict[str, Any] = event["properties"]
        if self._scrubber is not None:
            self._scrubber.scrub(context, properties)
        if self._origin_of is not None:
            self._tell_origin(context, properties)
        if self._agent_of is not None:
            self._tell_agent(context)
        if self._location_of is not None and "location" not in context:
            address = context.get("ip")
            found = self._location_of(address) if type(address) is str else None
            if not found and hidden_ip:
                found = self._location_of(hidden_ip)
            if found:
                context["location"] = found.copy()
        if self._truncated is not None and "ip" in context:
            self._truncate(context)

    def _tell_origin(self, context: dict[str, Any], properties: dict[str, Any]) -> None:
        page = context.get("page")
        if type(page) is not dict:
            page = properties
        url, referrer = page.get("url") or properties.get("url"), page.get("referrer") or properties.get("referrer")
        assert self._origin_of is not None
        campaign, site = self._origin_of(url if type(url) is str else "", referrer if type(referrer) is str else "")
        if campaign is not None:
            own = context.get("campaign")
            if own is None:
                context["campaign"] = campaign.copy()
            elif type(own) is dict:
                context["campaign"] = {**campaign, **own}
        if site is not None and "referrer" not in context:
            context["referrer"] = site.copy()

    def _tell_agent(self, context: dict[str, Any]) -> None:
        text = context.get("userAgent")
        if type(text) is not str:
            return
        assert self._agent_of is not None
        agent = self._agent_of(text)
        if self._asked.user_agent and agent.fields and "userAgentParsed" not in context:
            context["userAgentParsed"] = agent.fields.copy()
        if self._asked.bots and agent.is_robot and "bot" not in context:
            context["bot"] = True

    def _truncate(self, context: dict[str, Any]) -> None:
        address = context["ip"]
        assert self._truncated is not None
        if kept := self._truncated(address) if type(address) is str else "":
            context["ip"] = kept
        else:
            del context["ip"]
