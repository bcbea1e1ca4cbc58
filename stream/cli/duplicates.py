"""`ebbtide duplicates`."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, plain, print_json, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.duplicates.report import Report
    from stream.duplicates.search import Pair
    from stream.runtime.settings import Settings

_COLUMNS: Final = ("person", "other", "score", "why")


@click.command("duplicates")
@click.option(
    "--at-least", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="The least score of a pair; as the definitions say."
)
@click.option("--by", "keys", multiple=True, help="Compare only who agrees in this, such as phone or name+city; may be given again.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many pairs to show, the surest; a file gets all.")
@click.option("--csv", "written", type=click.Path(dir_okay=False, path_type=Path), help="Write all pairs to this file.")
@click.option(
    "--from", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="People of a .jsonl file, not of the store."
)
@click.option(
    "--definitions", type=click.Path(exists=True, file_okay=False, path_type=Path), help="With --from: the folder of definitions."
)
@click.option("--merge", nargs=2, metavar="A B", help="Say that these two are one person.")
@click.option("--refuse", nargs=2, metavar="A B", help="Say that these are two people; no later report shows them.")
@json_option
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **options: Any) -> None:
    """Find people who are there twice; merge them, or tell them apart.

    Compares people's names, phones, e-mails, cities and birthdays, as of the last commit of each lane, and shows probable pairs with what
    speaks for them. Nothing changes until you say --merge or --refuse.
    """
    merge, refuse = options.pop("merge"), options.pop("refuse")
    if (merge and refuse) or (options["definitions"] and not options["source"]):
        raise click.UsageError("--merge and --refuse are said one at a time, --definitions with --from")
    settings = command_settings(context)
    if merge:
        _tell(run(_merge(settings, *merge)), as_json=as_json)
    elif refuse:
        _tell(run(_refuse(settings, *refuse)), as_json=as_json)
    else:
        _report(settings, as_json=as_json, **options)


def _tell(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(done)
    elif "merged" in done:
        click.echo(f"The event {done['event']} says that {' and '.join(map(plain, done['merged']))} are one person.")
    else:
        click.echo(f"{' and '.join(map(plain, done['refused']))} are two people; no report shows them from now on.")


async def _merge(settings: Settings, one: str, other: str) -> dict[str, Any]:
    from schemas.json_text import to_json  # noqa: PLC0415 - help needs none of these
    from schemas.routing import partition_of, routing_id  # noqa: PLC0415
    from stream.cli.deployment import opened  # noqa: PLC0415
    from stream.cli.errors import Failed  # noqa: PLC0415
    from stream.duplicates.merging import alias_event  # noqa: PLC0415
    from stream.duplicates.refusals import Refusals  # noqa: PLC0415
    from stream.kafka.port import Message  # noqa: PLC0415
    from stream.kafka.publisher import KafkaPublisher  # noqa: PLC0415
    from stream.runtime.clock import SystemClock  # noqa: PLC0415

    event = alias_event(one, other, SystemClock().now_ms())
    who = routing_id(event.get("userId"), event.get("anonymousId"), event.get("ids"))
    assert who is not None, "an alias names somebody"
    publisher, refusals = KafkaPublisher(settings.kafka, "ebbtide-duplicates"), Refusals(settings.redis)
    try:
        async with opened(settings) as deployment:
            for person in (one, other):
                if await deployment.people.as_stored(person) is None:
                    raise Failed(f"nobody is known as {plain(person)}; nothing was merged")
        message = Message(who.encode(), to_json(event))
        await publisher.publish(settings.topics.events, partition_of(who, settings.partitions), [message])
        await refusals.remove(one, other)
    finally:
        await publisher.stop()
        await refusals.close()
    return {"merged": [one, other], "event": event["id"]}


async def _refuse(settings: Settings, one: str, other: str) -> dict[str, Any]:
    from stream.duplicates.refusals import Refusals  # noqa: PLC0415 - as above

    refusals = Refusals(settings.redis)
    try:
        new = await refusals.add(one, other)
    finally:
        await refusals.close()
    return {"refused": [one, other], "new": new}


def _report(
    settings: Settings,
    *,
    at_least: float | None,
    keys: tuple[str, ...],
    limit: int,
    written: Path | None,
    source: Path | None,
    definitions: Path | None,
    as_json: bool,
) -> None:
    with ExitStack() as stack:
        asked = (at_least, keys)
        report = run(_of_store(stack, settings, *asked)) if source is None else _of_list(stack, source, definitions, *asked)
        pairs = report.pairs if written is None else _kept(report.pairs, stack, written)
        _show(pairs, report, limit=limit, as_json=as_json)


async def _of_store(stack: ExitStack, settings: Settings, at_least: float | None, keys: tuple[str, ...]) -> Report:
    from stream.cli.deployment import opened  # noqa: PLC0415 - as above
    from stream.duplicates.refusals import Refusals  # noqa: PLC0415
    from stream.duplicates.report import report_of_store, rules_over  # noqa: PLC0415

    refusals = Refusals(settings.redis)
    try:
        async with opened(settings) as deployment:
            rules = rules_over(deployment.newest.quality, at_least, keys)
            return await report_of_store(stack, deployment.people, settings.partitions, rules, await refusals.all())
    finally:
        await refusals.close()


def _of_list(stack: ExitStack, source: Path, folder: Path | None, at_least: float | None, keys: tuple[str, ...]) -> Report:
    from schemas.definitions.quality_model import QualityRules  # noqa: PLC0415 - as above
    from stream.duplicates.report import report_of_list, rules_over  # noqa: PLC0415
    from stream.runtime.definition_files import load_folder  # noqa: PLC0415

    rules = load_folder(folder).quality if folder is not None else QualityRules()
    return report_of_list(stack, source, rules_over(rules, at_least, keys))


def _kept(pairs: Iterator[Pair], stack: ExitStack, written: Path) -> Iterator[Pair]:
    rows = csv.writer(stack.enter_context(written.open("w", encoding="utf-8", newline="")))
    rows.writerow(_COLUMNS)
    for pair in pairs:
        rows.writerow([pair.person, pair.other, f"{pair.score:.6f}", "; ".join(pair.why)])
        yield pair


def _show(pairs: Iterator[Pair], report: Report, *, limit: int, as_json: bool) -> None:
    shown = table("person", "other", "score", "why", title="Probable pairs", right=("score",))
    found = 0
    for pair in pairs:
        found += 1
        if as_json and found <= limit:
            print_json({"person": pair.person, "other": pair.other, "score": round(pair.score, 6), "why": list(pair.why)})
        elif found <= limit:
            shown.add_row(plain(pair.person), plain(pair.other), f"{pair.score:.4f}", ", ".join(pair.why))
    left_out = {key: count for key, count in report.left_out.items() if count}
    if as_json:
        print_json({"people": report.people, "pairs": found, "refused": report.refused, "left_out": left_out})
        return
    if found:
        console().print(shown)
    rest = f", of which the surest {limit} are shown" if found > limit else ""
    click.echo(
        f"{number(report.people)} people compared, {number(found)} probable pairs{rest}; {number(report.refused)} told apart before."
    )
    for key, count in left_out.items():
        click.echo(f"{number(count)} values of {key} are shared by so many that they tell nothing, and were left out.")
