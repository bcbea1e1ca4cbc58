"""`ebbtide link`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import click

from stream.cli.errors import Failed
from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collectors.links.keys import Signed
    from schemas.definitions.model import Source
    from stream.runtime.settings import Settings

_PICTURES: Final = (".svg", ".png")
_MODULE_PIXELS: Final = 8


@click.command("link")
@click.argument("source")
@click.argument("target", metavar="[URL]", required=False)
@click.option("--base", required=True, help="Where the collector is for those who follow it, such as https://go.shop.example.")
@click.option("--user", default="", help="The userId it is made for; without one, whoever follows it is a visitor of the day.")
@click.option("--event", default="", help="What following it is called: $click unless said, for a pixel opened.")
@click.option("--property", "properties", multiple=True, metavar="NAME=TEXT", help="A property of the event; may be given several times.")
@click.option("--qr", type=click.Path(dir_okay=False, path_type=Path), help="Also write a QR picture of it there, .svg or .png.")
@click.option("--definitions", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Take the source from there.")
@json_option
@click.pass_context
def command(
    context: click.Context, /, source: str, target: str | None, qr: Path | None, folder: Path | None, *, as_json: bool, **said: Any
) -> None:
    """Make a signed link or pixel, and a QR picture of it.

    SOURCE is a source with link_secret_env, of the newest definitions or of --definitions DIR; its secret is read from the environment.
    With URL it is a link there, by way of the collector; without one it is a pixel for mails. Nothing is stored, in Ebbtide or elsewhere.
    """
    from collectors.links.keys import signed_source  # noqa: PLC0415 - help needs none of it

    if qr is not None and qr.suffix not in _PICTURES:
        raise click.BadParameter(f"a QR picture is {' or '.join(_PICTURES)}", param_hint="--qr")
    base, user, event = (str(said[name]) for name in ("base", "user", "event"))
    named = dict(_pair(text) for text in said["properties"])
    signed = signed_source(_source(context, source, folder), os.environ)
    url = base.rstrip("/") + (_pixel(signed, user, event, named) if target is None else _link(signed, target, user, event, named))
    if qr is not None:
        _draw(url, qr)
    if as_json:
        print_json({"url": url, "qr": None if qr is None else str(qr)})
    else:
        click.echo(url)


def _pair(text: str) -> tuple[str, str]:
    name, is_pair, value = text.partition("=")
    if not (name and is_pair):
        raise click.BadParameter(f"{text!r} is not NAME=TEXT", param_hint="--property")
    return name, value


def _source(context: click.Context, name: str, folder: Path | None) -> Source:
    from stream.runtime.definition_files import load_folder  # noqa: PLC0415 - the language takes its time to load

    sources = load_folder(folder).sources if folder is not None else run(_newest(command_settings(context)))
    found = next((each for each in sources if each.id == name), None)
    if found is None or not found.link_secret_env:
        names = ", ".join(each.id for each in sources if each.link_secret_env) or "none"
        raise Failed(f"{name} is no source with link_secret_env; these are: {names}")
    return found


async def _newest(settings: Settings) -> Iterable[Source]:
    from stream.kafka.bundles import BundleLog  # noqa: PLC0415 - Kafka's client takes its time to load

    log = BundleLog(settings.kafka, settings.topics)
    await log.start()
    try:
        return log.newest.sources
    finally:
        await log.stop()


def _link(signed: Signed, target: str, user: str, event: str, properties: dict[str, str]) -> str:
    from collectors.links.signing import Link, link_token  # noqa: PLC0415 - likewise
    from collectors.links.targets import is_allowed  # noqa: PLC0415 - likewise

    source = signed.source
    if not is_allowed(target, source.targets):
        listed = ", ".join(source.targets) or "none"
        raise Failed(f"{target!r} is on no origin of {source.id}'s targets ({listed}), or not written as a plain URL in ASCII")
    return f"/l/{link_token(Link(source.id, target, user, event, dict(properties)), signed.keys[0])}"


def _pixel(signed: Signed, user: str, event: str, properties: dict[str, str]) -> str:
    from collectors.links.signing import SIGNATURE, pixel_signature  # noqa: PLC0415 - likewise

    said = [("source", signed.source.id), ("userId", user), ("event", event), *properties.items()]
    fields = [(name, value) for name, value in said if value]
    return f"/p.gif?{urlencode([*fields, (SIGNATURE, pixel_signature(fields, signed.keys[0]))])}"


def _draw(url: str, file: Path) -> None:
    import segno  # noqa: PLC0415 - likewise

    segno.make(url, micro=False).save(str(file), scale=_MODULE_PIXELS)
