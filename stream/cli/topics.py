"""`ebbtide topics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, print_json, table

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


@click.command("topics")
@click.option("--replication", default=1, show_default=True, type=click.IntRange(1), help="Copies of each topic that is created.")
@json_option
@click.pass_context
def command(context: click.Context, replication: int, *, as_json: bool) -> None:
    """Create the topics that are missing, and check those there are.

    What exists is never changed. Exits 1 if a topic is set otherwise than it must be.
    """
    settings = command_settings(context)
    created, faults = run(_ensure(settings, replication))
    topics = settings.topics.catalogue()
    if as_json:
        print_json({"topics": [topic.name for topic in topics], "created": created, "faults": faults})
    else:
        shown = table("topic", "partitions", "state", right=("partitions",))
        for topic in topics:
            wrong = any(fault.startswith(f"{topic.name}:") for fault in faults)
            shown.add_row(topic.name, str(topic.partitions), "created" if topic.name in created else "WRONG" if wrong else "there")
        console().print(shown)
        for fault in faults:
            click.echo(fault)
    if faults:
        raise SystemExit(1)


async def _ensure(settings: Settings, replication: int) -> tuple[list[str], list[str]]:
    from stream.kafka.admin import ensure_topics, topic_faults  # noqa: PLC0415 - Kafka's client takes its time to load

    created = await ensure_topics(settings.kafka, settings.topics, replication)
    return created, await topic_faults(settings.kafka, settings.topics)
