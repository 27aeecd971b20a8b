"""The options that say who reads and what for, shared by commands that read rows or what was computed from them."""

from __future__ import annotations

from typing import Annotated

import typer

from bankmesh.settings import PURPOSE, TOKEN

PurposeOption = Annotated[
    str | None,
    typer.Option("--purpose", help=f"What the read serves; by default {PURPOSE}, else what `mesh token use` chose."),
]
ReaderOption = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="ID", help=f"An issued token; by default {TOKEN}, else the one that `mesh token use` chose."
    ),
]
