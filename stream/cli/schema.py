"""`ebbtide schema`."""

from __future__ import annotations

import click

from stream.cli.kit import json_option
from stream.cli.output import print_json

_NAMES = ("definitions", "events", "transitions")


@click.command("schema")
@click.argument("name", type=click.Choice(_NAMES))
@json_option
def command(name: str, *, as_json: bool) -> None:
    """Print a JSON Schema: of definition files, events or transitions.

    `definitions` is what editors complete and check definition files with. `events` is what any client may write to the events topic;
    what the collector writes there is its `$defs/collected`. `transitions` is what stands on the transitions topic and in webhooks.
    """
    from schemas.published import SCHEMAS, schema_text  # noqa: PLC0415 - help need not load the language

    if as_json:
        print_json(SCHEMAS[name]())
    else:
        click.echo(schema_text(name), nl=False)
