"""A sender as a process of its own, so that it can be killed: settings, senders and secrets come as JSON on its command line."""

from __future__ import annotations

import asyncio
import json
import sys

from schemas.definitions.model import Sender
from stream.runtime.logs import configure_logs
from stream.runtime.settings import Settings
from stream.senders.directory import StaticSenderDirectory
from stream.senders.main import run_sender


def main() -> None:
    given = json.loads(sys.argv[1])
    configure_logs("warning")
    asyncio.run(
        run_sender(
            Settings.model_validate(given["settings"]),
            secrets=given["secrets"],
            ready=lambda port: print(port, flush=True),  # noqa: T201 - whoever started it waits for this line
            directory=StaticSenderDirectory([Sender(**sender) for sender in given["senders"]]),
        )
    )


if __name__ == "__main__":
    main()
