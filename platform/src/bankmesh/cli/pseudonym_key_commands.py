"""`mesh policy keys`: the keys of pseudonyms in this mesh home."""

from __future__ import annotations

import typer

from bankmesh.access.masks.key_provider import create_keys, rotate_keys
from bankmesh.cli.command_group import CommandGroup
from bankmesh.settings import current_settings

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Create or rotate the keys of pseudonyms.")


@app.command()
def create() -> None:
    """Create the file of keys, readable by this user alone, if there is none."""
    made = create_keys(current_settings().home)
    typer.echo("Created a key, version 1." if made else "There is a file of keys already; it was not changed.")


@app.command()
def rotate() -> None:
    """Add a key and use it from now on. Later pseudonyms differ from earlier ones; receipts hold the key's version."""
    version = rotate_keys(current_settings().home)
    typer.echo(f"Reads use the key of version {version} from now on. Older keys stay in the file.")
