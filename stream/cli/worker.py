"""`ebbtide worker`."""

from __future__ import annotations

import click

from stream.cli.process import announce, process_options, serve


@click.command("worker")
@process_options
@click.pass_context
def command(context: click.Context, metrics_port: int | None, parent: int | None, *, as_json: bool) -> None:
    """Run one worker: events in, tags and segments kept, transitions out.

    Prints the port of its metrics once it runs; SIGTERM finishes the batches under way and stops.
    """
    with serve(context, "worker", parent, {"metrics_port": metrics_port}) as (settings, run):
        from stream.worker.main import run_worker  # noqa: PLC0415 - loaded by the process that runs it

        run(run_worker(settings, ready=lambda port: announce("worker", {"metrics_port": port}, as_json=as_json)))
