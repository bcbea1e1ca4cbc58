"""A worker as a process of its own, from the environment alone: what the kill tests start, and kill."""

from __future__ import annotations

import asyncio
import os

from stream.runtime.logs import configure_logs
from stream.runtime.settings import from_mapping
from stream.worker.main import run_worker


def main() -> None:
    settings = from_mapping({name: value for name, value in os.environ.items() if name.startswith("EBBTIDE_")})
    configure_logs(settings.log_level)
    asyncio.run(run_worker(settings))


if __name__ == "__main__":
    main()
