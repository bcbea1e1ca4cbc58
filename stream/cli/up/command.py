"""`ebbtide up`."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stream.cli.kit import json_option, run, settings_of
from stream.cli.output import console, print_json, table

if TYPE_CHECKING:
    from stream.cli.up.machine import Machine, Wanted
    from stream.cli.up.platform import Platform

_PORTS = {"collector": ("port", "metrics_port"), "worker": ("metrics_port",), "sender": ("metrics_port",)}
_PORT = click.IntRange(0, 65_535)


@click.command("up")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder for data and logs. Default: EBBTIDE_DATA.")
@click.option("--fresh", is_flag=True, help="Forget the data of earlier starts.")
@click.option("--kafka", metavar="HOST:PORT", help="Use this Kafka and start none.")
@click.option("--redis", metavar="URL", help="Use this Redis and start none.")
@click.option("--port", type=_PORT, metavar="PORT", help="Port of the collector. Default: 8080, or any free one if that is taken.")
@click.option("--kafka-port", type=_PORT, metavar="PORT", default=0, help="Port of the Kafka that is started. Default: any free one.")
@click.option("--redis-port", type=_PORT, metavar="PORT", default=0, help="Port of the Redis that is started. Default: any free one.")
@json_option
@click.pass_context
def command(context: click.Context, /, port: int | None, *, as_json: bool, **options: Any) -> None:
    """Start everything on this machine: Kafka, Redis, collector, worker, sender.

    A real Kafka and a real Redis run in the data folder and keep their data between starts. A process that ends by itself is
    started again. Ctrl-C stops everything, each part after it has drained. The file `env` in the data folder leads other
    commands here: `. DIR/env`.
    """
    from stream.cli.up.machine import Wanted, machine  # noqa: PLC0415 - the command's help needs none of it

    folder = options.pop("data") or settings_of(context).data
    wanted = Wanted(folder=folder.absolute(), **options)
    say = _teller(as_json=as_json)
    with machine(context, wanted, say) as found:
        run(_serve(found, wanted, port, say, as_json=as_json))


async def _serve(found: Machine, wanted: Wanted, port: int | None, say: Callable[[str], None], *, as_json: bool) -> None:
    from stream.cli.up.platform import Platform, PlatformSpec  # noqa: PLC0415 - as above
    from stream.cli.up.stopping import stop_on_signals, unless_stopped  # noqa: PLC0415 - as above

    stop = stop_on_signals(say)
    spec = PlatformSpec(found.settings, found.env, wanted.folder / "logs", _ports(found, port))
    platform = Platform(spec, say)
    try:
        if await unless_stopped(stop, platform.start()):
            _show(found, platform, found.write_env(wanted.folder), as_json=as_json)
            await stop.wait()
    finally:
        await platform.stop()
    say("collector, worker and sender have drained and stopped")


def _ports(found: Machine, port: int | None) -> dict[str, tuple[str, ...]]:
    """The configured ports where they are free, else any: two deployments on one machine should not need a thought."""
    arguments: dict[str, tuple[str, ...]] = {}
    for name, kinds in _PORTS.items():
        group = getattr(found.settings, name)
        for kind in kinds:
            wanted: int = getattr(group, kind)
            free = wanted if _is_free(found.settings.host, wanted) else 0
            chosen = port if kind == "port" and port is not None else free
            arguments[name] = (*arguments.get(name, ()), f"--{kind.replace('_', '-')}", str(chosen))
    return arguments


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _show(found: Machine, platform: Platform, leads: Path, *, as_json: bool) -> None:
    host, places = found.settings.host, platform.places
    if as_json:
        print_json({"ready": True, "kafka": found.settings.kafka, "redis": found.settings.redis, "env": str(leads), **places})
        return
    shown = table("part", "where", "metrics and health")
    shown.add_row("Kafka", found.settings.kafka, "")
    shown.add_row("Redis", found.settings.redis.rpartition("@")[2], "")
    for name, place in places.items():
        shown.add_row(name, place.get("url", ""), f"http://{host}:{place['metrics_port']}/metrics")
    console().print(shown)
    click.echo(f"Other commands find it with  . {shlex.quote(str(leads))}\nCtrl-C stops everything.")


def _teller(*, as_json: bool) -> Callable[[str], None]:
    if as_json:
        return lambda text: print_json({"progress": text})
    return click.echo
