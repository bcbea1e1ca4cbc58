"""`ebbtide export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import print_json

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


@click.command("export")
@click.argument("person_id", metavar="ID")
@click.option("--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write it there instead of to stdout.")
@json_option
@click.pass_context
def command(context: click.Context, person_id: str, file: Path | None, *, as_json: bool) -> None:  # noqa: ARG001 - JSON it always is
    """Print all that is held of one person as JSON.

    ID is any id of the person. Traits with their times, tags, the facts behind each segment, ids and what joined them, lists. Of event
    ids only hashes are held, so they are counted. What stands on the Kafka topics is not part of it.
    """
    from schemas.json_text import to_json  # noqa: PLC0415 - help needs none of it

    view = run(_look(command_settings(context), person_id))
    if file is None:
        print_json(view)
    else:
        file.write_bytes(to_json(view) + b"\n")
        click.echo(f"All that is held of the person was written to {file}", err=True)


async def _look(settings: Settings, name: str) -> dict[str, Any]:
    from stream.cli.deployment import opened  # noqa: PLC0415 - Kafka's client takes its time to load
    from stream.cli.listing import register  # noqa: PLC0415 - likewise
    from stream.cli.lookup import find_person  # noqa: PLC0415 - likewise
    from stream.explain.held import held_view  # noqa: PLC0415 - likewise
    from stream.lists.naming import lists_naming  # noqa: PLC0415 - likewise

    async with opened(settings) as deployment, register(settings) as lists:
        found = await find_person(deployment, name)
        naming = await lists_naming(lists, found.person.ids())
    return held_view(found, [{"list": list_id, "ids": ids} for list_id, ids in naming.items()])
