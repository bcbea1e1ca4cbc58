"""`ebbtide transitions`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings
from stream.cli.output import plain, print_json
from stream.cli.tail_options import show_records, tail_options

if TYPE_CHECKING:
    from stream.cli.tail import TopicRecord


@click.command("transitions")
@click.option("--person", help="Only of this person: an id as in user:u1.")
@click.option("--segment", help="Only of this segment.")
@tail_options
@click.pass_context
def command(
    context: click.Context, person: str | None, segment: str | None, last: int, *, everything: bool, follow: bool, as_json: bool
) -> None:
    """Show transitions: who entered and left what, when and why."""
    from schemas.routing import partition_of  # noqa: PLC0415 - help needs none of it
    from stream.cli.tail import Want, read_topic  # noqa: PLC0415 - Kafka's client takes its time to load

    settings = command_settings(context)

    def keep(record: TopicRecord) -> bool:
        data = _read(record).get("data", {})
        return (person is None or data.get("person") == person) and (segment is None or data.get("segment") == segment)

    partitions = (partition_of(person, settings.partitions),) if person else range(settings.partitions)
    filtered = keep if person or segment else None
    want = Want(settings.topics.transitions, partitions, None if everything else last, filtered, follow)
    show_records(lambda: read_topic(settings.kafka, want), _show_json if as_json else _show, follow=follow)


def _read(record: TopicRecord) -> dict[str, Any]:
    try:
        value = json.loads(record.value or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _show_json(record: TopicRecord) -> None:
    print_json({"partition": record.partition, "offset": record.offset, "value": _read(record)})


def _show(record: TopicRecord) -> None:
    value = _read(record)
    data = value.get("data", {})
    if "segment" not in data:
        click.echo(f"{value.get('timestamp', '?')}  {value.get('type', 'not a transition')}  {plain(json.dumps(data, ensure_ascii=False))}")
        return
    entered = value.get("type") == "segment.entered"
    why = f"event {data['eventId']}" if "eventId" in data else data["cause"]
    leaves = f", leaves at {data['leavesAt']} if nothing happens" if "leavesAt" in data else ""
    silent = ", silent" if data.get("silent") else ""
    click.echo(
        f"{value['timestamp']}  {plain(data['person'])} {'entered' if entered else 'left   '} {data['segment']}"
        f"  #{data['sequence']}, {plain(why)}, definitions {data['definitions']}{leaves}{silent}"
    )
