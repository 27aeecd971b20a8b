"""`mesh new`: scaffold a product in the right places."""

import typer

app = typer.Typer(no_args_is_help=True, help="Scaffold new things.")


@app.callback()
def new() -> None:
    """Scaffold new things."""
