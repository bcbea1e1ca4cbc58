"""Every protocol that this collector speaks. A new one is a module beside this and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collectors.protocols import (
    amplitude,
    cloudevents,
    first_party,
    ga4,
    growingio,
    links,
    matomo,
    mixpanel,
    pixel,
    plausible,
    posthog,
    rudderstack,
    segment,
    sensors,
    snowplow,
    umami,
    wechat,
)

if TYPE_CHECKING:
    from collectors.protocols.port import WireProtocol

PROTOCOLS: Final[tuple[WireProtocol, ...]] = (
    segment.PROTOCOL,
    pixel.PROTOCOL,
    rudderstack.PROTOCOL,
    posthog.PROTOCOL,
    umami.PROTOCOL,
    plausible.PROTOCOL,
    sensors.PROTOCOL,
    snowplow.PROTOCOL,
    matomo.PROTOCOL,
    growingio.PROTOCOL,
    amplitude.PROTOCOL,
    mixpanel.PROTOCOL,
    ga4.PROTOCOL,
    cloudevents.PROTOCOL,
    wechat.WECHAT,
    wechat.WECOM,
    links.PROTOCOL,
    first_party.PROTOCOL,
)
