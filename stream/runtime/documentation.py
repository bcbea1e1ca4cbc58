"""Writes the reference pages of settings, metrics and rejections from their catalogues, and the files of the JSON Schemas: one place,
no page that lags behind.

``python -m stream.runtime.documentation`` writes; with ``--check`` it only tells which pages are not current, and exits 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sized
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import PydanticUndefined

from schemas.published import schema_files
from schemas.rejection import REASONS, Reason, Stage
from stream.runtime.catalogue import collector, process, sender, worker
from stream.runtime.metrics import declared
from stream.runtime.settings import Settings
from stream.runtime.settings_reading import Variable, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stream.runtime.metrics import Metric

ROOT: Final = Path(__file__).resolve().parents[2]
CATALOGUES: Final[dict[str, tuple[Metric, ...]]] = {
    "Every process": declared(process),
    "Collector": declared(collector),
    "Worker": declared(worker),
    "Sender": declared(sender),
}

_NOTICE: Final = "<!-- Written by `python -m stream.runtime.documentation`; edit the catalogue, not this page. -->"
_WORDS: Final[dict[Any, str]] = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    str: "text",
    Path: "path",
    SecretStr: "secret",
    SecretBytes: "secret",
    NoneType: "nothing",
}
_UNITS: Final = {"_ms": "milliseconds", "_seconds": "seconds", "_bytes": "bytes", "_bytes_max": "bytes"}
_BOUNDS: Final = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def pages() -> dict[str, str]:
    """Every generated page and file: its path from the root of the repository, and its text."""
    return {
        "docs/settings.md": settings_page(),
        "docs/metrics.md": metrics_page(),
        "docs/rejections.md": rejections_page(),
        **schema_files(),
    }


def settings_page() -> str:
    """All settings: variable, key of the file, type with unit and bounds, default, meaning."""
    intro = """An environment variable wins over `ebbtide.toml`. Of a variable `EBBTIDE_WORKER_BATCH_RECORDS_MAX` the key in the file is
`batch_records_max` in the table `[worker]`; what stands under "All processes" is at the top of the file. Lists are joined by commas in
a variable. Ebbtide refuses to start while anything is wrong, and names every fault at once; a variable that starts with `EBBTIDE_` and
is none of these is a fault too (but `EBBTIDE_HOME` and names that end in `_SECRET`, `_TOKEN` or `_KEY`, or in one of these and `_FILE`)."""
    groups: dict[str, list[Variable]] = {}
    for variable in variables_of(Settings):
        groups.setdefault(variable.path[0].capitalize() if len(variable.path) > 1 else "All processes", []).append(variable)
    head = ("variable", "type", "default", "what it does")
    tables = {name: _table(head, map(_setting_row, group)) for name, group in groups.items()}
    return _page("Settings", intro, tables)


def metrics_page() -> str:
    """All metrics, a table a process."""
    intro = (
        "`/metrics` of each process, in Prometheus' text format. Labels have no values but those named here and ids of definitions,"
        " and tell nothing of a person."
    )
    head = ("metric", "kind", "labels", "what it tells")
    return _page("Metrics", intro, {name: _table(head, map(_metric_row, metrics)) for name, metrics in CATALOGUES.items() if metrics})


def rejections_page() -> str:
    """All rejections, a table a stage."""
    intro = """Input that is refused is refused for one of these reasons. The code is the label `reason` of the metrics and the header
`reason` of the dead letter, which holds the original bytes. The status is what a strict client hears; protocols whose clients lose data
on errors answer otherwise."""
    heads: dict[Stage, tuple[str, ...]] = {
        "collector": ("reason", "status", "dead letter", "meaning"),
        "lane": ("reason", "meaning"),
        "sender": ("reason", "meaning"),
    }
    return _page("Rejections", intro, {stage.capitalize(): _table(head, _rejection_rows(stage)) for stage, head in heads.items()})


def stale(root: Path = ROOT) -> list[str]:
    """The pages that are missing or differ from the catalogues."""
    return [path for path, text in pages().items() if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text]


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the pages of the repository at ``root``; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m stream.runtime.documentation", description="Write docs/ from the catalogues.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not current")
    checking = parser.parse_args(arguments).check
    found = stale(root)
    for path in found:
        if not checking:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(pages()[path], encoding="utf-8")
        sys.stdout.write(f"{path} {'is not current' if checking else 'written'}\n")
    return 1 if checking and found else 0


def _setting_row(variable: Variable) -> Iterator[str]:
    yield f"`{variable.name}`"
    yield _type_words(variable)
    yield _default_words(variable)
    yield variable.field.description or ""


def _type_words(variable: Variable) -> str:
    unit = next((unit for ending, unit in _UNITS.items() if variable.path[-1].endswith(ending)), None)
    bounds = [f"{sign} {getattr(rule, key)}" for rule in variable.field.metadata for key, sign in _BOUNDS.items() if hasattr(rule, key)]
    return ", ".join([_words(variable.field.annotation), *([unit] if unit else []), *bounds])


def _words(annotation: Any) -> str:
    inner = [each for each in get_args(annotation) if each is not Ellipsis]
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in {tuple, list, set, frozenset}:
        return f"list of {_words(inner[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    if origin in {Union, UnionType}:
        return " or ".join(map(_words, inner))
    return "JSON object" if origin is dict else _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _default_words(variable: Variable) -> str:
    default: Any = variable.field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "required"
    if default is None or (isinstance(default, Sized) and not len(default)):
        return "none"
    if variable.secret:
        return "a secret"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{','.join(map(str, default)) if isinstance(default, (tuple, list, frozenset, set)) else default}`"


def _metric_row(metric: Metric) -> Iterator[str]:
    yield f"`{metric.name}`"
    yield metric.kind
    named = [f"`{label}`: {', '.join(values)}" for label, values in metric.labels.items()]
    yield "; ".join([*named, *(f"`{label}`: ids of definitions" for label in metric.defined)])
    yield metric.help + (f" Buckets: {', '.join(f'{bound:g}' for bound in metric.buckets)}." if metric.buckets else "")


def _rejection_rows(stage: Stage) -> Iterator[Iterable[str]]:
    for reason in REASONS:
        if reason.stage == stage:
            yield _rejection_row(reason)


def _rejection_row(reason: Reason) -> Iterator[str]:
    yield f"`{reason.code}`"
    if reason.stage == "collector":
        yield str(reason.status)
        yield "yes" if reason.dead_letter else "no"
    yield reason.help


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(head)
    lines = [names, ("---",) * len(names), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)


def _page(title: str, intro: str, tables: dict[str, str]) -> str:
    return "\n\n".join([_NOTICE, f"# {title}", intro, *(f"## {name}\n\n{table}" for name, table in tables.items())]) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
