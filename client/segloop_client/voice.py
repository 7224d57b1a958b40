"""One line of progress at a time."""

import typer


def say(text: str) -> None:
    """Print one line of progress, at once even where nobody watches."""
    typer.echo(f"segloop: {text}")
