"""`ebbtide sources`."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import click

from stream.cli.errors import Failed
from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, pairs, plain, print_json, table, when

if TYPE_CHECKING:
    from stream.cli.arrivals import Arrivals, Arrived, Name
    from stream.runtime.settings import Settings

_LAST: Final = 10_000
_LAST_SINCE: Final = 1_000_000


@click.group("sources")
def command() -> None:
    """Look at what sources send."""


@command.command("inspect")
@click.argument("source", required=False)
@click.option("--last", type=click.IntRange(1), help="How many of the newest records are read: 10 000, with --since 1 000 000.")
@click.option("--since", help="Only what was appended in this time: 30m, 2h, 7d.")
@json_option
@click.pass_context
def inspect_command(context: click.Context, source: str | None, last: int | None, since: str | None, *, as_json: bool) -> None:
    """Show what arrives: event names, properties, types, examples, rates, last seen.

    Of SOURCE, or of all. The newest records of each partition are read, as they stand on the topic. Examples are cut short; what names or
    authorises somebody is redacted, and of traits no text is shown.
    """
    from stream.cli.arrivals import Arrivals  # noqa: PLC0415 - help needs none of it

    since_ms = None if since is None else _now_ms() - _duration(since)
    settings = command_settings(context)
    arrivals = Arrivals(source)
    run(_read(settings, arrivals, last or (_LAST if since is None else _LAST_SINCE), since_ms))
    if source is not None and not arrivals.sources:
        raise Failed(f"among what was read is no event of the source {plain(source)}; --last or --since reads more")
    for name, arrived in sorted(arrivals.sources.items()):
        minutes = max(1.0, (_now_ms() - (since_ms or arrived.first_ms)) / 1000) / 60
        if as_json:
            print_json(_as_json(name, arrived, minutes))
        else:
            _show(name, arrived, minutes)
    if arrivals.left_out and not as_json:
        click.echo(f"{number(arrivals.left_out)} events of further sources were left out.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _duration(text: str) -> int:
    from schemas.definitions.duration import parse_duration  # noqa: PLC0415 - help needs none of it

    found = parse_duration(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no duration such as 30m, 2h or 7d", param_hint="--since")
    return found


async def _read(settings: Settings, arrivals: Arrivals, last: int, since_ms: int | None) -> None:
    from schemas.errors import Rejected  # noqa: PLC0415 - help needs none of it
    from schemas.event import read_event  # noqa: PLC0415 - likewise
    from schemas.internal import HEADER  # noqa: PLC0415 - likewise
    from stream.cli.tail import Want, read_topic  # noqa: PLC0415 - Kafka's client takes its time to load

    near = ceil(last / settings.partitions)
    want = Want(settings.topics.events, range(settings.partitions), None, near=near, since_ms=since_ms)
    async for record in read_topic(settings.kafka, want):
        if record.header(HEADER) is not None:
            continue
        try:
            event = read_event(record.value)
        except Rejected:
            continue
        arrivals.take(event, record.timestamp)


def _as_json(source: str, arrived: Arrived, minutes: float) -> dict[str, Any]:
    return {
        "source": source,
        **_seen(arrived, minutes),
        "labelled": arrived.labelled,
        "protocols": dict(arrived.protocols.most_common()),
        "names": [
            {
                "name": name,
                **_seen(found, minutes),
                "properties": [
                    {"path": path, "events": each.events, "types": dict(each.types.most_common()), "examples": each.examples}
                    for path, each in sorted(found.properties.items())
                ],
            }
            for name, found in _by_number(arrived)
        ],
    }


def _seen(seen: Any, minutes: float) -> dict[str, Any]:
    return {
        "events": seen.events,
        "perMinute": round(seen.events / minutes, 3),
        "firstSeen": seen.first_ms,
        "lastSeen": seen.last_ms,
        "leftOut": seen.left_out,
    }


def _by_number(arrived: Arrived) -> list[tuple[str, Name]]:
    return sorted(arrived.names.items(), key=lambda pair: (-pair[1].events, pair[0]))


def _show(source: str, arrived: Arrived, minutes: float) -> None:
    screen, now_ms = console(), _now_ms()
    labelled = f", {number(arrived.labelled)} with something wrong" if arrived.labelled else ""
    head = f"{plain(source) or '(no source)'}: {number(arrived.events)} events by {pairs(arrived.protocols)}{labelled}"
    names = table("event", "events", "a minute", "last seen", right=("events", "a minute"), title=head)
    paths = table("event", "property", "in", "types", "examples", right=("in",))
    for name, found in _by_number(arrived):
        names.add_row(plain(name), number(found.events), number(found.events / minutes), when(found.last_ms, now_ms))
        for path, each in sorted(found.properties.items()):
            share = f"{100 * each.events / found.events:.0f} %"
            examples = ", ".join(plain(example) for example in each.examples)
            paths.add_row(plain(name), plain(path), share, pairs(dict(each.types.most_common())), examples)
    screen.print(names)
    if paths.row_count:
        screen.print(paths)
    left_out = arrived.left_out + sum(found.left_out for found in arrived.names.values())
    if left_out:
        screen.print(f"{number(left_out)} further names and properties were left out.")
