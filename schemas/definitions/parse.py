"""From the texts of definition files to checked definitions, or to all of their faults at once. Reads no files itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from schemas.definitions.consent import read_purposes
from schemas.definitions.duration import format_duration
from schemas.definitions.event_schemas import schema_files
from schemas.definitions.fault import Fault
from schemas.definitions.identity import Ids, by_id
from schemas.definitions.identity_model import IdentityRules
from schemas.definitions.identity_rules import read_identity
from schemas.definitions.json_nodes import read_json
from schemas.definitions.known import Known, References
from schemas.definitions.language import DOCUMENT, SCHEMA_SUFFIX, SETTINGS
from schemas.definitions.model import EngineSettings, Segment, Sender, Source, Tag
from schemas.definitions.nodes import NotReadableError
from schemas.definitions.quality import read_quality
from schemas.definitions.quality_model import QualityRules
from schemas.definitions.segment import segment_reader
from schemas.definitions.sender import sender_reader
from schemas.definitions.source import SourceReader
from schemas.definitions.tag import tag_reader
from schemas.definitions.values import read_duration
from schemas.definitions.view import Fields, View, fields
from schemas.definitions.yaml_nodes import read_yaml
from schemas.errors import DefinitionFaults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAXIMUM_FILE_BYTES: Final = 1_048_576
LONGEST_DEDUPE_MS: Final = 28 * 86_400_000
Kind = TypeVar("Kind", Tag, Segment, Sender, Source)


@dataclass(frozen=True, slots=True)
class Definitions:
    """One whole set of definitions, checked, in order of file name, then of position."""

    settings: EngineSettings = field(default_factory=EngineSettings)
    tags: tuple[Tag, ...] = ()
    segments: tuple[Segment, ...] = ()
    senders: tuple[Sender, ...] = ()
    sources: tuple[Source, ...] = ()
    identity: IdentityRules = field(default_factory=IdentityRules)
    quality: QualityRules = field(default_factory=QualityRules)


def parse_files(files: Mapping[str, str]) -> Definitions:
    """The definitions of all files (name → text; ``.json`` is read as JSON, all else as YAML; ``.schema.json`` is what sources name).

    Raises DefinitionFaults with all faults of all files.
    """
    faults: list[Fault] = []
    documents: list[Fields] = []
    complete = True
    schemas = schema_files(files)
    for name in sorted(files):
        if name.endswith(SCHEMA_SUFFIX):
            continue
        try:
            view = _document(name, files[name], faults)
        except NotReadableError as error:
            faults.append(Fault(name, error.line, "", error.found, error.expected))
            complete = False
        else:
            documents.extend([] if view is None else [fields(view, DOCUMENT)])
    definitions = _definitions(documents, schemas, complete=complete)
    if faults:
        by_place = sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line))
        raise DefinitionFaults(tuple(by_place))
    return definitions


def _document(name: str, text: str, faults: list[Fault]) -> View | None:
    if len(text.encode(errors="surrogatepass")) > MAXIMUM_FILE_BYTES:
        raise NotReadableError(1, f"more than {MAXIMUM_FILE_BYTES} bytes", "less, in several files if need be")
    node = read_json(text) if name.endswith(".json") else read_yaml(text)
    return None if node is None else View(node, name, "", faults)


def _definitions(documents: list[Fields], schemas: Mapping[str, str], *, complete: bool) -> Definitions:
    settings = _settings(documents)
    purposes = {purpose.id: purpose.unless_said for purpose in settings.consent}
    tags = _all(documents, "tags", tag_reader(Known(complete=complete, purposes=purposes)))
    by_tag_id = {tag.id: tag for tag in reversed(tags)}
    references = References()
    segments = _all(documents, "segments", segment_reader(Known(by_tag_id, complete=complete, purposes=purposes), references))
    references.check(segments, complete=complete)
    known = Known(by_tag_id, frozenset(segment.id for segment in segments), complete, purposes)
    senders = _all(documents, "senders", sender_reader(known))
    sources = _all(documents, "sources", SourceReader(schemas).read)
    views = [view for document in documents if (view := document.get("quality")) is not None]
    known_sources = frozenset(source.id for source in sources) if complete else None
    identity = read_identity([view for document in documents if (view := document.get("identity")) is not None])
    return Definitions(settings, tags, segments, senders, sources, identity, read_quality(views, known_sources))


def _all(documents: list[Fields], section: str, reader: Callable[[View], Kind]) -> tuple[Kind, ...]:
    """All definitions of one kind."""
    ids = Ids(section.removesuffix("s"))
    found: list[Kind] = []
    for document in documents:
        for item in document.read(section, View.items, ()):
            view = by_id(item)
            definition = reader(view)
            ids.take(definition.id, view)
            found.append(definition)
    return tuple(found)


def _settings(documents: list[Fields]) -> EngineSettings:
    views = [view for document in documents if (view := document.get("settings")) is not None]
    for view in views[1:]:
        view.fault("settings in one file only", f"settings again (first at {views[0].file}:{views[0].node.line})")
    return _read_settings(views[0]) if views else EngineSettings()


def _read_settings(view: View) -> EngineSettings:
    found, default = fields(view, SETTINGS), EngineSettings()
    dedupe_ms = found.read("dedupe", lambda value: read_duration(value, LONGEST_DEDUPE_MS), default.dedupe_ms)
    return EngineSettings(
        dedupe_ms=dedupe_ms,
        oldest_ms=found.read("oldest", read_duration, default.oldest_ms),
        forget_after_ms=found.read("forget_after", lambda value: _read_forget_after(value, dedupe_ms), default.forget_after_ms),
        consent=found.read("consent", read_purposes, ()),
    )


def _read_forget_after(view: View, dedupe_ms: int) -> int | None:
    """A person who is forgotten while an event may still come again would count it twice."""
    known = len(view.faults)
    milliseconds = read_duration(view)
    if milliseconds < dedupe_ms and len(view.faults) == known:
        view.fault(f"a duration of at least dedupe, which is {format_duration(dedupe_ms)}")
    return milliseconds
