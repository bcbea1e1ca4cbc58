"""`ebbtide sender`."""

from __future__ import annotations

import os

import click

from stream.cli.process import announce, process_options, serve


@click.command("sender")
@process_options
@click.pass_context
def command(context: click.Context, metrics_port: int | None, parent: int | None, *, as_json: bool) -> None:
    """Run one sender process: transitions out to webhooks.

    Prints the port of its metrics once the definitions have been read; SIGTERM finishes attempts under way and stops.
    """
    with serve(context, "sender", parent, {"metrics_port": metrics_port}) as (settings, run):
        from stream.senders.main import run_sender  # noqa: PLC0415 - loaded by the process that runs it

        def ready(port: int) -> None:
            announce("sender", {"metrics_port": port}, as_json=as_json)

        run(run_sender(settings, secrets=os.environ, ready=ready))
