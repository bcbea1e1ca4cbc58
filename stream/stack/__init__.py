"""A real Kafka and a real Redis on this machine, for `ebbtide up`, `ebbtide demo` and the tests."""

from __future__ import annotations

from stream.stack.stack import Stack

__all__ = ["Stack"]
