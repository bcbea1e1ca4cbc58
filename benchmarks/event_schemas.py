"""What schemas and first types cost an event: ``python benchmarks/event_schemas.py``."""

from __future__ import annotations

import json
from timeit import repeat
from typing import Any, Final

from schemas.conformity import Conformity
from schemas.definitions.source_model import EventSchemas, Source

_TIMES: Final = 2_000
_PROPERTIES: Final[dict[str, Any]] = {
    **{f"text{number}": f"value {number}" for number in range(10)},
    **{f"number{number}": number * 1.5 for number in range(10)},
}


class _Memory:
    def __init__(self) -> None:
        self._types: dict[str, dict[str, str]] = {"properties": {}, "traits": {}}

    def of(self, source: str, name: str, root: str) -> dict[str, str]:
        assert (source, name) == ("by-types", "bought")
        return self._types[root]

    def learn(self, source: str, name: str, root: str, types: dict[str, str]) -> None:
        assert (source, name) == ("by-types", "bought")
        self._types[root].update(types)


def main() -> None:
    """Print µs an event, the best of fifty runs."""
    properties = {name: {"type": "string" if name.startswith("text") else "number"} for name in _PROPERTIES}
    schema = json.dumps({"type": "object", "properties": properties, "required": list(properties)})
    said = {"by-schema": EventSchemas({"bought": schema}), "by-types": EventSchemas(infer=True)}
    sources = [Source(name, "web", schemas=schemas) for name, schemas in said.items()]
    conformity = Conformity(sources, _Memory())
    for source in ("by-schema", "by-types", "nothing"):
        event = {"type": "track", "event": "bought", "source": source, "properties": _PROPERTIES, "traits": {}, "context": {}}
        assert conformity.judge(event) is None
        best = min(repeat(lambda event=event: conformity.judge(event), number=_TIMES, repeat=50))  # type: ignore[misc]
        print(f"{source}: {best / _TIMES * 1e6:.2f} µs")


if __name__ == "__main__":
    main()
