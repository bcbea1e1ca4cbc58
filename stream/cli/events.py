"""`ebbtide events`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from stream.cli.kit import command_settings
from stream.cli.output import plain, print_json
from stream.cli.tail_options import show_records, tail_options

if TYPE_CHECKING:
    from stream.cli.tail import TopicRecord


_LOOKED_BACK: Final = 10_000


@click.command("events")
@click.option("--person", help="Only of this person: a routing id as in user:u1.")
@click.option("--source", help="Only of this source: shop-web.")
@click.option("--name", help="Only with this name: product_viewed, $page …")
@click.option("--internal", is_flag=True, help="Ebbtide's own records too: $clock, $definitions, $list.")
@tail_options
@click.pass_context
def command(
    context: click.Context, /, last: int, *, internal: bool, everything: bool, follow: bool, as_json: bool, **only: str | None
) -> None:
    """Show events as they stand on the topic.

    With --follow the last ones are looked for among the newest 10 000 of each partition, so that it begins at once; without it, or with
    --all, the whole topic is read if it must be.
    """
    from stream.cli.tail import Want, read_topic  # noqa: PLC0415 - Kafka's client takes its time to load

    settings = command_settings(context)

    def keep(record: TopicRecord) -> bool:
        if _internal(record) is not None:
            return internal and not any(only.values())
        return _fits(record, only["person"], only["name"], only["source"])

    near = _LOOKED_BACK if follow and not everything else None
    want = Want(settings.topics.events, range(settings.partitions), None if everything else last, keep, follow, near)
    show_records(lambda: read_topic(settings.kafka, want), _show_json if as_json else _show, follow=follow)


def _internal(record: TopicRecord) -> str | None:
    from schemas.internal import HEADER  # noqa: PLC0415 - as above

    return record.header(HEADER)


def _fits(record: TopicRecord, person: str | None, name: str | None, source: str | None) -> bool:
    if person is None and name is None and source is None:
        return True
    from schemas.errors import Rejected  # noqa: PLC0415 - as above
    from schemas.event import read_event  # noqa: PLC0415 - as above

    try:
        event = read_event(record.value)
    except Rejected:
        return False
    if source is not None and event.wire.source != source:
        return False
    return (person is None or event.routing_id == person) and (name is None or event.name == name)


def _value(record: TopicRecord) -> Any:
    try:
        return json.loads(record.value or b"")
    except ValueError:
        return (record.value or b"").decode(errors="replace")


def _show_json(record: TopicRecord) -> None:
    key = None if record.key is None else record.key.decode(errors="replace")
    place = {"partition": record.partition, "offset": record.offset, "appendedAt": record.timestamp, "key": key}
    print_json({**place, "internal": _internal(record), "value": _value(record)})


def _show(record: TopicRecord) -> None:
    from schemas.transition import iso_time  # noqa: PLC0415 - as above

    value, internal = _value(record), _internal(record)
    head = click.style(f"{iso_time(record.timestamp)}  {record.partition}/{record.offset}", dim=True)
    if internal is not None or not isinstance(value, dict):
        click.echo(f"{head}  ${internal} {plain(json.dumps(value, ensure_ascii=False))}" if internal else f"{head}  {plain(value)}")
        return
    who = value.get("userId") or value.get("anonymousId") or value.get("ids")
    name = value.get("event") if value.get("type") == "track" else f"${value.get('type')}"
    rest = value.get("properties") or value.get("traits") or {}
    said = "  ".join(
        click.style(plain(text), fg=colour, bold=colour == "yellow")
        for text, colour in ((value.get("source") or "-", "cyan"), (who, "green"), (name, "yellow"))
    )
    click.echo(f"{head}  {said}  {plain(json.dumps(rest, ensure_ascii=False))}{_labels(value.get('context'))}")


def _labels(context: Any) -> str:
    """What checks and schemas found wrong with the event, in red."""
    if not isinstance(context, dict):
        return ""
    found = [text for label in ("quality", "violations") if isinstance(texts := context.get(label), list) for text in texts]
    return "".join(f"  {click.style(plain(text), fg='red')}" for text in found)
