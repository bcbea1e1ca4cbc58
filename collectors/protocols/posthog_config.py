"""What PostHog's clients ask before and beside sending: the settings of the project, and its feature flags, of which there are none.

Without an answer the browser's client still sends, but every request with a preflight and uncompressed, and it captures no clicks.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

import orjson

from collectors.body import read_object
from collectors.http import JSON, Answer
from collectors.normalise import as_id
from collectors.protocols.port import READ, WRITE, Parsed, Route, Submission
from collectors.protocols.posthog_body import read_body
from collectors.protocols.segment import original, rejected

_CONFIG: Final[dict[str, Any]] = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "autocapture_opt_out": False,
    "autocaptureExceptions": False,
    "capturePerformance": False,
    "captureDeadClicks": False,
    "elementsChainAsString": False,
    "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
    "heatmaps": False,
    "sessionRecording": False,
    "surveys": False,
    "conversations": False,
    "productTours": False,
    "logs": {"captureConsoleLogs": False},
    "siteApps": [],
    "toolbarParams": {},
    "isAuthenticated": False,
    "defaultIdentifiedOnly": True,
}
_NO_FLAGS: Final = {**_CONFIG, "flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}
_FLAGS: Final = Answer(200, orjson.dumps(_NO_FLAGS))
_SHARED: Final = ((b"cache-control", b"public, max-age=300"),)


def parse_flags(submission: Submission) -> Parsed:
    """No events, but a known key. Raises ``Rejected``."""
    asked = read_object(read_body(submission), submission.limits)
    submission.authenticate(as_id(asked.get("token")) or as_id(asked.get("api_key")))
    return Parsed([])


def parse_config(submission: Submission) -> Parsed:
    """No events, but a known key. Raises ``Rejected``."""
    submission.authenticate(_key(submission))
    return Parsed([])


def _key(submission: Submission) -> str:
    return unquote(submission.request.path.split(b"/")[2].decode("latin-1"))


def _config(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    return Answer(200, orjson.dumps({"token": _key(submission), **_CONFIG}), JSON, _SHARED)


def _script(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    key = orjson.dumps(_key(submission)).decode()
    config = orjson.dumps({"token": _key(submission), **_CONFIG}).decode()
    name = "window._POSTHOG_REMOTE_CONFIG"
    text = f"(function(){{{name}={name}||{{}};{name}[{key}]={{config:{config},siteApps:[]}}}})();"
    return Answer(200, text.encode(), b"application/javascript", _SHARED)


def _flags(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    return _FLAGS


ROUTES: Final = (
    Route("settings", b"/array/*/config", READ, parse_config, _config, rejected, original),
    Route("settings", b"/array/*/config.js", READ, parse_config, _script, rejected, original),
    *(Route("flags", path, WRITE, parse_flags, _flags, rejected, original) for path in (b"/flags", b"/flags/", b"/decide", b"/decide/")),
)
