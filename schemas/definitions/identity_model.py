"""stub"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Namespace:
    """stub"""

    id: str
    strong: bool = False
    joins: Literal["always", "first_login", "never"] = "always"
    limit: int = 50
    normalise: Literal["none", "lower", "email", "phone"] = "none"
    region: str | None = None
    hashed: bool = False


DEFAULT_NAMESPACES = (
    Namespace("user", strong=True),
    Namespace("wx_unionid", strong=True),
    Namespace("wecom:*", strong=True),
    Namespace("wx_openid:*", strong=True),
    Namespace("phone"),
    Namespace("email"),
    Namespace("anon", joins="first_login", limit=100),
    Namespace("device", joins="never", limit=20),
)


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """stub"""

    namespaces: tuple[Namespace, ...] = DEFAULT_NAMESPACES
    blocked: tuple[str, ...] = ("null", "undefined")
    ids_max: int = 200
