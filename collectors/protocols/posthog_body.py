"""PostHog's bodies: JSON, gzip that nothing announces, or a form whose one field is either of them in base64."""

from __future__ import annotations

from base64 import b64decode

from collectors.body import decompressed, looks_like_json
from collectors.protocols.forms import unquoted
from collectors.protocols.port import Submission
from schemas import rejection
from schemas.errors import Rejected


def read_body(submission: Submission) -> bytes:
    """The JSON in a body, whatever it is wrapped in. Raises ``Rejected``: bad-encoding, bad-json, body-too-large."""
    body = submission.body()
    if body.startswith(b"data="):
        body = _unwrapped(unquoted(body[5:].partition(b"&")[0].decode("latin-1")), submission)
    if not looks_like_json(body):
        raise Rejected(rejection.BAD_JSON, "neither JSON nor gzip nor data=<base64>")
    return body


def _unwrapped(text: str, submission: Submission) -> bytes:
    if text[:1] in {"{", "["}:
        return text.encode(errors="replace")
    try:
        # A plus that was not percent-encoded has become a space.
        return decompressed(b64decode(text.replace(" ", "+"), validate=True), submission.limits)
    except ValueError as error:
        raise Rejected(rejection.BAD_ENCODING, f"data: {error}") from None
