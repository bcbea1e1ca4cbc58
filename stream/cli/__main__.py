"""``python -m stream.cli``: how `up` starts its processes."""

from __future__ import annotations

from stream.cli.app import main

main()
