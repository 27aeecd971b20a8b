"""Groups of commands: `--help` shows the whole first sentence of each command, wrapped to the width of the terminal."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

_WHOLE = 1_000


class CommandGroup(TyperGroup):
    """A group whose list of commands cuts no line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Typer carries a Click of its own
        """Write the first sentence of each command's help; the class above would cut it at the width."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(_WHOLE)) for name, command in commands if not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
