"""`ebbtide list`."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from stream.cli.kit import command_settings, json_option, run
from stream.cli.output import console, number, plain, print_json, table

if TYPE_CHECKING:
    from stream.cli.listing import Listed, PutResult
    from stream.lists.reading import Fault, Format
    from stream.lists.spool import Spool
    from stream.runtime.settings import Settings

_FAULTS_SHOWN = 10
_IDS_AT_ONCE = 10_000


class _ListId(click.ParamType):
    """The id of a list, as definitions write it."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from schemas.definitions.language import ID_PATTERN  # noqa: PLC0415 - only a put needs it

        if not re.fullmatch(ID_PATTERN, str(value)):
            self.fail(f"found {plain(value)}, expected a small letter, then at most 63 small letters, digits, _ or -", param, ctx)
        return str(value)


@click.group("list", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """Upload lists of persons, and show which there are.

    A segment asks for one by the node `list: id`. Shown are each list's version and how many persons it names; unsure are those of whom
    a put that is under way, or has died, may or may not have told the log: the next put of the list tells it again.
    """
    if context.invoked_subcommand is not None:
        return
    from stream.cli.listing import listed  # noqa: PLC0415 - Redis' client takes its time to load

    found = run(listed(command_settings(context)))
    if as_json:
        for one in found:
            print_json({"list": one.id, "version": one.version, "persons": one.persons, "unsure": one.unsure})
    else:
        _show(found)


@command.command("put")
@click.argument("list_id", metavar="ID", type=_ListId())
@click.argument("file", type=click.File("rb"))
@click.option("--column", help="The column of a CSV file that holds the ids; id or person unless given.")
@click.option(
    "--namespace", default="user", show_default=True, help="What ids without a namespace are; one with a colon is taken as it is."
)
@json_option
@click.pass_context
def put(context: click.Context, list_id: str, file: BinaryIO, column: str | None, namespace: str, *, as_json: bool) -> None:
    """Make the persons of a file the list.

    One id a line, or CSV with a header (a file that ends in .csv, or with --column); - reads stdin. Who was on the list and is not in the
    file is on it no longer. Nothing is written if a line is wrong. Otherwise a record for each person who joins or is no longer on the list
    goes to the log, and the lanes apply it as they read on. A put that was stopped half way is put again.
    """
    from stream.lists.reading import Format  # noqa: PLC0415 - only here
    from stream.lists.spool import Spool  # noqa: PLC0415 - likewise

    if not namespace.strip():
        raise click.UsageError("--namespace takes a text that is not empty, such as user")
    settings = command_settings(context)
    is_csv = column is not None or PurePath(str(file.name)).suffix.lower() == ".csv"
    with Spool() as spool:
        _read(file, Format(is_csv, column, namespace), spool, quiet=as_json)
        result = run(_put(settings, list_id, spool, as_json=as_json))
    if as_json:
        counts = {"persons": result.persons, "added": result.added, "removed": result.removed}
        print_json({"list": list_id, "version": result.version, **counts})
    else:
        _tell(list_id, result)


def _read(file: BinaryIO, form: Format, spool: Spool, *, quiet: bool) -> None:
    """Bring the file's ids into the spool. Raises Failed with the first faults of it."""
    from itertools import islice  # noqa: PLC0415 - only here

    from rich.progress import Progress, TextColumn  # noqa: PLC0415 - only for people

    from stream.lists.reading import read_ids  # noqa: PLC0415 - only here

    faults: list[Fault] = []
    count = wrong = 0
    found = read_ids(file, form)
    with Progress(TextColumn("{task.description}"), console=console(error=True), disable=quiet, transient=True) as bar:
        line = bar.add_task("reading")
        while part := list(islice(found, _IDS_AT_ONCE)):
            ids = [each for each in part if isinstance(each, str)]
            bad = [each for each in part if not isinstance(each, str)]
            wrong += len(bad)
            faults += bad[: _FAULTS_SHOWN - len(faults)]
            count += len(ids)
            spool.add(ids)
            bar.update(line, description=f"{number(count)} ids read")
    spool.close()
    if wrong:
        _refuse(faults, wrong)


def _refuse(faults: list[Fault], wrong: int) -> None:
    from stream.cli.errors import Failed  # noqa: PLC0415 - only here

    lines = [f"line {fault.line}: {fault.text}" for fault in faults]
    more = [f"and {number(wrong - len(faults))} more"] if wrong > len(faults) else []
    raise Failed("\n".join([*lines, *more, f"{number(wrong)} fault{'' if wrong == 1 else 's'}: nothing was written"]))


async def _put(settings: Settings, list_id: str, spool: Spool, *, as_json: bool) -> PutResult:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - only for people

    from stream.cli.listing import put_list  # noqa: PLC0415 - Kafka's client takes its time to load

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(error=True), disable=as_json, transient=True) as bar:
        parts = bar.add_task("parts of the list told", total=None)
        return await put_list(settings, list_id, spool, lambda told: bar.update(parts, completed=told.done, total=told.buckets))


def _tell(list_id: str, result: PutResult) -> None:
    if not (result.added or result.removed):
        click.echo(f"Nobody joins or leaves the list {list_id}; nothing was written. It names {number(result.persons)} persons.")
        return
    click.echo(
        f"The list {list_id} names {number(result.persons)} persons as of version {result.version}: "
        f"{number(result.added)} added, {number(result.removed)} taken back. The lanes apply it as they read on."
    )


def _show(found: list[Listed]) -> None:
    if not found:
        click.echo("There is no list yet: `ebbtide list put ID FILE` makes one.")
        return
    rows = table("list", "version", "persons", "unsure", right=("version", "persons", "unsure"))
    for one in found:
        rows.add_row(plain(one.id), str(one.version), number(one.persons), number(one.unsure))
    console().print(rows)
