"""`ebbtide collector`."""

from __future__ import annotations

import os

import click

from stream.cli.process import announce, port_option, process_options, serve


@click.command("collector")
@port_option("--port", "Port of the HTTP API")
@process_options
@click.pass_context
def command(context: click.Context, port: int | None, metrics_port: int | None, parent: int | None, *, as_json: bool) -> None:
    """Run one collector: HTTP in, events out to Kafka.

    Prints where it listens once it takes requests; SIGTERM finishes what is open and stops.
    """
    with serve(context, "collector", parent, {"port": port, "metrics_port": metrics_port}) as (settings, run):
        from collectors.server.main import run_collector  # noqa: PLC0415 - loaded by the process that runs it

        run(
            run_collector(
                settings,
                secrets=os.environ,
                ready=lambda at: announce("collector", {"url": at.url, "port": at.port, "metrics_port": at.metrics_port}, as_json=as_json),
            )
        )
