"""`ebbtide dead-letters`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import number, plain, print_json
from stream.cli.tail_options import show_records

if TYPE_CHECKING:
    from stream.cli.reinjection import Reinjected
    from stream.cli.tail import TopicRecord

_SHOWN_BYTES = 200
_HEADERS = ("reason", "stage", "source-topic", "source-partition", "source-offset", "received-at", "attempts", "sender", "detail")


@click.group("dead-letters", invoke_without_command=True)
@click.option("--reason", help="Only with this reason; docs/rejections.md lists them.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, the newest.")
@json_option
@click.pass_context
def command(context: click.Context, reason: str | None, limit: int, *, as_json: bool) -> None:
    """Show what could not be accepted, and replay it.

    Each with its reason, where it came from, and its original bytes.
    """
    _known(reason)
    if context.invoked_subcommand is not None:
        return
    from stream.cli.tail import Want, read_topic  # noqa: PLC0415 - Kafka's client takes its time to load

    settings = command_settings(context)
    keep = (lambda record: record.header("reason") == reason) if reason else None
    want = Want(settings.topics.dead_letters, (0,), limit, keep)
    show_records(lambda: read_topic(settings.kafka, want), _show_json if as_json else _show, follow=False)


@command.command("replay")
@click.option("--reason", required=True, help="Only with this reason: what was mended since.")
@click.option("--again", is_flag=True, help="Those too that an earlier replay has written already.")
@click.option("--dry-run", is_flag=True, help="Only say how many.")
@json_option
@click.pass_context
def replay_command(context: click.Context, reason: str, *, again: bool, dry_run: bool, as_json: bool) -> None:
    """Write dead letters of lanes back to the events topic, as they were.

    Original key and bytes, to the partition of the person they are about. What is refused again becomes a dead letter again. What was
    replayed once is left out the next time.
    """
    from stream.cli.reinjection import reinject  # noqa: PLC0415 - as above

    _known(reason)
    done = run(reinject(command_settings(context), reason, again=again, dry_run=dry_run))
    if as_json:
        print_json({"reason": reason, "replayed": done.replayed, "other_stages": done.other_stages, "dry_run": dry_run})
    else:
        _tell(done, reason, dry_run=dry_run)


def _tell(done: Reinjected, reason: str, *, dry_run: bool) -> None:
    does = "would be written" if dry_run else "were written"
    click.echo(f"{number(done.replayed)} dead letters with reason {reason} {does} back to the events topic.")
    for stage, count in done.other_stages.items():
        what = "requests, not events" if stage == "collector" else "transitions that a receiver did not take"
        click.echo(f"{number(count)} of the stage {stage} were left: they are {what}, and cannot be replayed yet.")


def _known(reason: str | None) -> None:
    from schemas.definitions.fault import near_match  # noqa: PLC0415 - help needs none of it
    from schemas.rejection import BY_CODE  # noqa: PLC0415 - likewise

    if reason is not None and reason not in BY_CODE:
        near = near_match(reason, BY_CODE)
        hint = f"did you mean {near}?" if near else "docs/rejections.md lists them"
        raise click.UsageError(f"there is no reason {plain(reason)}; {hint}")


def _show_json(record: TopicRecord) -> None:
    headers = {name.replace("-", "_"): value for name in _HEADERS if (value := record.header(name)) is not None}
    key = None if record.key is None else record.key.decode(errors="replace")
    print_json({"offset": record.offset, **headers, "key": key, "value": (record.value or b"").decode(errors="replace")})


def _show(record: TopicRecord) -> None:
    from schemas.transition import iso_time  # noqa: PLC0415 - help needs none of it

    source = f" from {record.header('source-topic')} {record.header('source-partition')}/{record.header('source-offset')}"
    came = source if record.header("source-offset") else ""
    detail = f": {plain(text)}" if (text := record.header("detail")) else ""
    click.echo(f"{iso_time(record.timestamp)}  {record.header('stage')}: {record.header('reason')}{came}{detail}")
    click.echo(f"    {plain((record.value or b'')[:_SHOWN_BYTES].decode(errors='replace'))}")
