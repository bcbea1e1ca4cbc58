"""The command line. Nothing heavy is imported before a command needs it: `ebbtide --help` answers at once."""

from __future__ import annotations

from stream.cli.app import main

__all__ = ["main"]
