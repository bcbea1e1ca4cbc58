"""One process of ours as a child: started, heard, started again when it ends by itself, stopped in time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from schemas.errors import Misconfigured, Unavailable
from stream.cli.errors import WRONG_USE

_READY_SECONDS: Final = 60.0
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 60.0
_TAIL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run. ``arguments`` follow ``ebbtide``; ``log`` takes what it says; stopping it may take ``stop_seconds``."""

    name: str
    arguments: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    log: Path
    stop_seconds: float = 30.0


class Child:
    """Keeps one process running until told otherwise. ``say`` hears what people should know."""

    def __init__(self, spec: ChildSpec, say: Callable[[str], None]) -> None:
        self._spec = spec
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._stopping = False
        self.places: dict[str, Any] = {}
        self.restarts = 0

    @property
    def name(self) -> str:
        """The command it runs."""
        return self._spec.name

    @property
    def pid(self) -> int | None:
        """The process now; None between two."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start it and return when it is ready.

        Raises Misconfigured if it refuses to start, Unavailable if it is not ready in time.
        """
        self._spec.log.parent.mkdir(parents=True, exist_ok=True)
        self._keeping = asyncio.create_task(self._keep(), name=f"keep-{self.name}")
        ready = asyncio.create_task(self._ready.wait())
        done, _ = await asyncio.wait({self._keeping, ready}, timeout=_READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._keeping in done:
            self._keeping.result()
        if not done:
            raise Unavailable(f"{self.name} was not ready within {_READY_SECONDS:.0f} s; its log is {self._spec.log}\n{self._last_words()}")

    async def stop(self) -> None:
        """Ask it to drain and end; kill it when it takes longer than it may. May be called at any time, also twice."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(self._spec.stop_seconds):
                    await process.wait()
            except TimeoutError:
                self._say(f"{self.name} does not end; killing it")
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began = loop.time()
            code = await self._run_once()
            if self._stopping:
                return
            if code == WRONG_USE and not self._ready.is_set():
                raise Misconfigured(f"{self.name} refuses to start: {self._last_words()}")
            pause = _FIRST_PAUSE_SECONDS if loop.time() - began > _STEADY_SECONDS else pause
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            self._say(f"{self.name} {how}; starting it again in {pause:g} s (its log: {self._spec.log})")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            self.restarts += 1

    async def _run_once(self) -> int:
        spec = self._spec
        command = (sys.executable, "-m", "stream.cli", *spec.arguments, "--json", "--parent", str(os.getpid()))
        with spec.log.open("ab") as log:
            process = await self._spawn(command, log)
        self._process = process
        if self._stopping:  # asked while it was being made
            process.terminate()
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._hear(line)
        return await process.wait()

    async def _spawn(self, command: tuple[str, ...], log: IO[bytes]) -> asyncio.subprocess.Process:
        # A session of its own: Ctrl-C goes to the whole group of a terminal, and the order of stopping is ours.
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=dict(self._spec.env),
            start_new_session=True,
        )

    def _hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if isinstance(said, dict) and said.get("process") == self.name:
            self.places = {key: value for key, value in said.items() if key != "process"}
            if self._ready.is_set():
                self._say(f"{self.name} is ready again")
            self._ready.set()

    def _last_words(self) -> str:
        try:
            with self._spec.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
                lines = log.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-3:]).removeprefix("ebbtide: ")
