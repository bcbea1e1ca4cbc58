"""From a whole request to its answer: route, parse, publish, and answer when the broker has it, or the spool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Final

from collectors.debugging.debugging import PATH as DEBUG_PATH
from collectors.http import Request, error_answer
from collectors.protocols.port import Submission
from collectors.server.cors import NO_CONTENT, check_origin, lines_for, preflight_lines
from collectors.server.dead_letters import letter_headers
from collectors.server.routing import RouteTable
from collectors.sources import WriteKeys
from schemas import rejection
from schemas.errors import Rejected
from schemas.routing import partition_of

if TYPE_CHECKING:
    from collectors.body import Limits
    from collectors.debugging.debugging import Debugging
    from collectors.http import Answer
    from collectors.keyring import Keyring
    from collectors.limiting.limiter import Excess, Limiter
    from collectors.protocols.port import Parsed, Route, WireProtocol
    from collectors.server.dead_letters import DeadLetters
    from collectors.server.lane import Lane
    from collectors.server.proxies import TrustedProxies
    from collectors.server.publisher import Publisher
    from collectors.server.telling import RouteMetrics, Telling
    from collectors.sources import SourceDirectory
    from collectors.visitors import Visitors
    from schemas.rejection import Reason
    from stream.runtime.clock import Clock

_PARTITIONS_REMEMBERED: Final = 16_384


class Desk:
    """What the application asks about a request: caps, keys, secrets, sources, addresses, visitors without an id, the time, who watches."""

    __slots__ = ("clock", "debugging", "directory", "keyring", "keys", "limits", "proxies", "retry_line", "visitors")

    def __init__(
        self,
        limits: Limits,
        directory: SourceDirectory,
        proxies: TrustedProxies,
        clock: Clock,
        retry_after_seconds: int,
        *,
        visitors: Visitors,
        keyring: Keyring,
        debugging: Debugging,
    ) -> None:
        self.keyring = keyring
        self.limits = limits
        self.keys = WriteKeys(directory)
        self.directory = directory
        self.debugging = debugging
        self.proxies = proxies
        self.clock = clock
        self.visitors = visitors
        self.retry_line = b"retry-after: %d\r\n" % retry_after_seconds


class App:
    """Answers every request exactly once, with 2xx for events only after every one of them is acknowledged or spooled."""

    def __init__(
        self,
        protocols: Sequence[WireProtocol],
        desk: Desk,
        publisher: Publisher,
        lanes: Sequence[Lane],
        letters: DeadLetters,
        telling: Telling,
        limiter: Limiter,
    ) -> None:
        self._desk = desk
        self._publisher = publisher
        self._lanes = tuple(lanes)
        self._letters = letters
        self._telling = telling
        self._limiter = limiter
        self._routes = RouteTable(protocols, telling)
        partitions = len(self._lanes)
        self._partition = lru_cache(maxsize=_PARTITIONS_REMEMBERED)(lambda who: partition_of(who, partitions))

    def handle(self, request: Request) -> None:
        """Begin a request. It is answered at once, or when the broker has acknowledged."""
        errand = self._errand(request)
        if errand is None:
            self._answer_elsewhere(request)
            return
        submission = errand.submission
        now = time.monotonic()
        excess = self._limiter.request(submission.client_ip, now)
        if excess is not None:
            self._limit(errand, excess)
            return
        try:
            parsed = errand.route.parse(submission)
            if submission.source is not None:
                request.flow = submission.source.id
                check_origin(request, submission.source)
        except Rejected as refusal:
            self._refuse(errand, refusal)
        else:
            excess = self._limiter.events(submission, len(parsed.events), now)
            if excess is None:
                if self._desk.debugging.is_watched:
                    self._show(errand, parsed)
                self._accept(errand, parsed)
            else:
                self._limit(errand, excess, parsed)

    def late(self, request: Request) -> None:
        """Refuse a request that has waited too long for its turn."""
        errand = self._errand(request)
        if errand is None:
            self._answer_elsewhere(request)
            return
        errand.answer = errand.route.rejected(errand.submission, Rejected(rejection.OVERLOADED))
        self.fail(errand, rejection.OVERLOADED)

    def failed(self, request: Request) -> None:
        """Answer a request on which ``handle`` has failed."""
        self._telling.rejected(rejection.INTERNAL_ERROR)
        answer = error_answer(rejection.INTERNAL_ERROR)
        self._telling.unknown.answered(answer.status, time.monotonic() - request.started)
        request.respond(request, answer)

    def _errand(self, request: Request) -> Errand | None:
        """What a request is about; None if it is nothing that a protocol takes."""
        found = self._routes.find_for(request)
        if found is None or request.method not in found[0].methods:
            return None
        route, metrics = found
        desk = self._desk
        now_ms, client_ip = desk.clock.now_ms(), desk.proxies.client_of(request)
        table = desk.directory.table
        submission = Submission(
            request,
            desk.limits,
            desk.keys.find,
            now_ms,
            client_ip,
            table,
            visitors=desk.visitors,
            keyring=desk.keyring,
        )
        return Errand(self, submission, route, metrics)

    def answer(self, errand: Errand, answer: Answer) -> None:
        """Send an errand's answer, with the headers that a browser needs."""
        request = errand.submission.request
        extra = lines_for(request, errand.submission.source, self._desk.directory.table)
        if answer.status == 503:
            extra += self._desk.retry_line
        elif answer.status == 429:
            extra += self._limit_lines(errand)
        visit = errand.submission.visit
        if visit is not None:
            self._telling.handed_over(visit.outcomes)
            if answer.status < 400:
                extra += visit.line()
        errand.metrics.answered(answer.status, time.monotonic() - request.started)
        request.respond(request, answer, extra)

    def fail(self, errand: Errand, reason: Reason, *, lost: bool = True) -> None:
        """Answer that it could not be stored; a client that would not send it again hears what it would have heard.

        What no client will send again is ``lost``, unless it is still under way.
        """
        self._telling.rejected(reason)
        answer = errand.route.rejected(errand.submission, Rejected(reason)) if errand.route.retries else errand.answer
        if lost and answer.status < 400:
            errand.metrics.given_up(errand.events)
        self.answer(errand, answer)

    def _limit(self, errand: Errand, excess: Excess, parsed: Parsed | None = None) -> None:
        """Answer what is over a limit: of an address before it is read, else of a source."""
        self._telling.rejected(excess.reason)
        errand.wait_seconds = excess.wait_seconds
        submission = errand.submission
        if parsed is not None and submission.source is not None:
            self._telling.limited(submission.source.id, excess.limit, len(parsed.events))
            if not errand.route.heeds_limits(submission.request):
                errand.metrics.given_up(len(parsed.events))
                self.answer(errand, errand.route.accepted(submission, parsed))
                return
        self.answer(errand, errand.route.rejected(submission, Rejected(excess.reason)))

    def _limit_lines(self, errand: Errand) -> bytes:
        seconds = ceil(errand.wait_seconds)
        return b"retry-after: %d\r\nx-ratelimit-reset: %d\r\n" % (seconds, errand.submission.received_ms // 1000 + seconds)

    # ── what became of a request ──

    def _accept(self, errand: Errand, parsed: Parsed) -> None:
        if len(parsed.events) == 1 and not parsed.refused:
            self._accept_one(errand, parsed)
            return
        placed = [(self._lanes[self._partition(who)], who.encode(), value) for who, value in parsed.events]
        letters = [item for item in parsed.refused if self._letters.wants(item.reason, item.original)]
        for item in parsed.refused:
            self._telling.rejected(item.reason)
        errand.answer = errand.route.accepted(errand.submission, parsed)
        errand.events = len(placed)
        errand.remaining = len(placed) + len(letters)
        if not errand.remaining:
            self.answer(errand, errand.answer)
            return
        reason = self._obstacle([lane for lane, _, _ in placed], letters=bool(letters))
        if reason is not None:
            self.fail(errand, reason)
            return
        self._hurry(errand)
        for lane, key, value in placed:
            self._publisher.publish(lane, key, value, errand)
        for item in letters:
            self._letters.store(item.original, letter_headers(item.reason, item.detail, errand.submission.received_ms), errand)

    def _accept_one(self, errand: Errand, parsed: Parsed) -> None:
        who, value = parsed.events[0]
        lane = self._lanes[self._partition(who)]
        errand.answer = errand.route.accepted(errand.submission, parsed)
        errand.events = errand.remaining = 1
        reason = self._publisher.refusal(lane)
        if reason is not None:
            self.fail(errand, reason)
            return
        self._hurry(errand)
        self._publisher.publish(lane, who.encode(), value, errand)

    def _show(self, errand: Errand, parsed: Parsed) -> None:
        source = errand.submission.source
        self._desk.debugging.accepted(parsed)
        for item in parsed.refused:
            self._desk.debugging.refused("" if source is None else source.id, item.reason, item.detail, item.original)

    def _refuse(self, errand: Errand, refusal: Rejected) -> None:
        self._telling.rejected(refusal.reason)
        errand.answer = errand.route.rejected(errand.submission, refusal)
        original = errand.route.original(errand.submission.request)
        if self._desk.debugging.is_watched and errand.submission.source is not None:
            self._desk.debugging.refused(errand.submission.source.id, refusal.reason, refusal.detail, original)
        # Before the key is known anybody may be speaking: what strangers send is counted and not kept.
        if errand.submission.source is None or not self._letters.wants(refusal.reason, original):
            self.answer(errand, errand.answer)
            return
        reason = self._obstacle((), letters=True)
        if reason is not None:
            self.fail(errand, reason)
            return
        errand.remaining = 1
        self._hurry(errand)
        self._letters.store(original, letter_headers(refusal.reason, refusal.detail, errand.submission.received_ms), errand)

    def _hurry(self, errand: Errand) -> None:
        seconds = errand.route.answer_within_seconds
        if seconds is not None:
            errand.hurry = asyncio.get_running_loop().call_later(seconds, errand.give_up)

    def _obstacle(self, lanes: Sequence[Lane], *, letters: bool) -> Reason | None:
        for lane in lanes:
            reason = self._publisher.refusal(lane)
            if reason is not None:
                return reason
        return self._publisher.refusal(self._letters.lane) if letters else None

    def _answer_elsewhere(self, request: Request) -> None:
        if request.path == DEBUG_PATH and self._is_debugged(request):
            return
        extra = b""
        if request.method == b"OPTIONS":
            answer = NO_CONTENT
            extra = preflight_lines(request, self._desk.directory.table)
            metrics = self._telling.preflight
        else:
            metrics = self._telling.unknown
            found = self._routes.find(request.path)
            if found is None:
                self._telling.rejected(rejection.NOT_FOUND)
                answer = self._routes.not_found
            else:
                self._telling.rejected(rejection.METHOD_NOT_ALLOWED)
                allow = b", ".join((*found[0].methods, b"OPTIONS"))
                answer = error_answer(rejection.METHOD_NOT_ALLOWED, headers=((b"allow", allow),))
            extra = lines_for(request, None, self._desk.directory.table)
        metrics.answered(answer.status, time.monotonic() - request.started)
        request.respond(request, answer, extra)

    def _is_debugged(self, request: Request) -> bool:
        reason = self._desk.debugging.open(request)
        if reason is rejection.NOT_FOUND:
            return False
        status = 200
        if reason is not None:
            self._telling.rejected(reason)
            answer = error_answer(reason, headers=((b"www-authenticate", b"Bearer"),) if reason is rejection.WRONG_ADMIN_TOKEN else ())
            request.respond(request, answer)
            status = answer.status
        self._telling.debug.answered(status, time.monotonic() - request.started)
        return True


class Errand:
    """One request that waits for its records: its answer goes out when the last of them has settled."""

    __slots__ = ("_app", "answer", "answered", "events", "failure", "hurry", "metrics", "remaining", "route", "submission", "wait_seconds")

    def __init__(self, app: App, submission: Submission, route: Route, metrics: RouteMetrics) -> None:
        self._app = app
        self.submission = submission
        self.route = route
        self.metrics = metrics
        self.remaining = 0
        self.events = 0
        self.failure: Reason | None = None
        self.hurry: asyncio.TimerHandle | None = None
        self.answered = False
        self.wait_seconds = 0.0
        self.answer: Answer

    def settle(self, failure: Reason | None) -> None:
        """One record is in, or may not be."""
        self.remaining -= 1
        if failure is not None:
            self.failure = failure
        if self.remaining:
            return
        if self.hurry is not None:
            self.hurry.cancel()
        if self.failure is None and self.events:
            self.metrics.accepted(self.events)
        if self.answered:
            return
        if self.failure is not None:
            self._app.fail(self, self.failure)
        else:
            self._app.answer(self, self.answer)

    def give_up(self) -> None:
        """Answer that it is not stored yet: the client waits no longer. What is under way goes on, and is counted when it is in."""
        self.answered = True
        self._app.fail(self, rejection.BROKER_AWAY, lost=False)
