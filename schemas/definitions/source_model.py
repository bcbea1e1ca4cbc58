"""Where events come from and where transitions go, as definitions say it: checked and immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SameSite = Literal["lax", "strict", "none"]


@dataclass(frozen=True, slots=True)
class Sender:
    """A destination of transitions. Empty ``segments``, ``directions``, ``causes``: all. ``needs``: purposes of consent, all of them."""

    id: str
    url: str
    secret_env: str
    kind: Literal["webhook"] = "webhook"
    segments: tuple[str, ...] = ()
    directions: tuple[Literal["enter", "leave"], ...] = ()
    causes: tuple[str, ...] = ()
    silent: bool = False
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What is worked out of a source's events as they come in, and what is taken from them; nothing unless said.

    ``scrub_parameters``: parameters of URLs whose values go besides those that always do.
    """

    user_agent: bool = False
    bots: bool = False
    campaign: bool = False
    region: bool = False
    truncate_ip: bool = False
    scrub_urls: bool = False
    scrub_parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """How much a collector takes of a source; 0 is as much as comes. Events a second of all and of each key, events a day (UTC),
    requests a second of each address.
    """

    per_second: int = 0
    per_key: int = 0
    per_ip: int = 0
    per_day: int = 0


@dataclass(frozen=True, slots=True)
class FirstParty:
    """The cookie by which a visitor of a source is known again, on the ``hosts`` under which browsers reach the collector.

    ``domains``: those that the cookie is set for, if one covers the host; else the host alone. ``cookieless``: none is set or read.
    ``secret_env``: the variable with the secret that signs who is handed over to another host; without it nobody is.
    """

    hosts: tuple[str, ...]
    same_site: SameSite = "lax"
    http_only: bool = True
    domains: tuple[str, ...] = ()
    cookieless: bool = False
    secret_env: str = ""


@dataclass(frozen=True, slots=True)
class EventSchemas:
    """What a source's events are like: the JSON Schema (as JSON) of an event's properties by its name; of all others, with ``infer``,
    each property's first type. ``otherwise``: what becomes of events that are not.
    """

    events: dict[str, str] = field(default_factory=dict)
    infer: bool = False
    otherwise: Literal["keep", "refuse"] = "keep"


@dataclass(frozen=True, slots=True)
class Source:
    """A place events come from. ``write_keys`` are SHA-256 in lower-case hex; ``origins`` may hold ``*``.

    ``app_id``, ``corp_id``: the account that calls back; ``…_env``: the variables with its secrets; ``plain``: also what is not encrypted
    although there is a key; ``targets``: origins that links may lead to, signed with what ``link_secret_env`` holds.
    """

    id: str
    kind: str
    write_keys: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    app_id: str = ""
    corp_id: str = ""
    token_env: str = ""
    aes_key_env: str = ""
    plain: bool = False
    link_secret_env: str = ""
    targets: tuple[str, ...] = ()
    enrich: Enrichment = field(default_factory=Enrichment)
    limits: SourceLimits = field(default_factory=SourceLimits)
    first_party: FirstParty | None = None
    schemas: EventSchemas = field(default_factory=EventSchemas)
