"""The front door: which commands there are, and from where each is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from schemas.errors import EbbtideError
from stream import VERSION
from stream.cli.errors import leave

# name → (module under stream.cli, first line of its help). The help of each command says the same, a test sees to it.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "up": ("up.command", "Start everything on this machine: Kafka, Redis, collector, worker, sender."),
    "demo": ("demo.command", "Start everything with simulated shoppers, and watch people enter and leave."),
    "collector": ("collector", "Run one collector: HTTP in, events out to Kafka."),
    "worker": ("worker", "Run one worker: events in, tags and segments kept, transitions out."),
    "sender": ("sender", "Run one sender process: transitions out to webhooks."),
    "topics": ("topics", "Create the topics that are missing, and check those there are."),
    "plan": ("plan", "Say what a folder of definitions would change, and who would enter and leave."),
    "apply": ("apply", "Make a folder of definitions the newest version, everywhere."),
    "schema": ("schema", "Print a JSON Schema: of definition files, events or transitions."),
    "doctor": ("doctor", "Check broker, store, topics, clocks, lanes and versions."),
    "person": ("person", "Show one person: tags with scores now, traits, segments."),
    "explain": ("explain", "Say why a person is in a segment or not, node by node."),
    "members": ("members", "List, count or export who is in a segment."),
    "identity": ("identity", "Show which ids are one person, and why; split who is not."),
    "export": ("export", "Print all that is held of one person as JSON."),
    "erase": ("erase", "Erase a person: state, ids, lists; replays and backfills skip it."),
    "duplicates": ("duplicates", "Find people who are there twice; merge them, or tell them apart."),
    "import": ("import_file", "Import a file of events: lines of JSON, or CSV."),
    "link": ("link", "Make a signed link or pixel, and a QR picture of it."),
    "list": ("lists", "Upload lists of persons, and show which there are."),
    "transitions": ("transitions", "Show transitions: who entered and left what, when and why."),
    "sources": ("sources", "Look at what sources send."),
    "events": ("events", "Show events as they stand on the topic."),
    "dead-letters": ("dead_letters", "Show what could not be accepted, and replay it."),
    "replay": ("replay", "Run a stretch of the log again, and compare with what was published."),
}


class _Front(click.Group):
    """Loads a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _ = COMMANDS[cmd_name]
        found: click.Command = import_module(f"stream.cli.{module}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except BrokenPipeError:
            raise
        except (EbbtideError, KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - people get words, not a traceback
            leave(error)


@click.command(cls=_Front, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION, prog_name="ebbtide")
@click.option("--config", type=click.Path(exists=True, dir_okay=False), help="Settings file; ebbtide.toml in this folder unless given.")
def app(config: str | None) -> None:
    """Ebbtide: tags that fade, and segments that people enter and leave the moment it becomes true.

    `ebbtide demo` shows it in a minute. Exit codes: 0 done, 1 failed, 2 wrong use or wrong settings.
    """


def main() -> None:
    """The console script."""
    app()
