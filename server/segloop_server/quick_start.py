"""The app for `segloop serve`, which should answer soon: loaded without looking for garbage meanwhile."""

import gc

from fastapi import FastAPI

gc.disable()  # what is imported stays; looking through it took 40 % of a start's CPU time (2026-11)

from segloop_server import app as segloop_app  # noqa: E402 - the point of this module


def create_app() -> FastAPI:
    """The app over the environment's settings; from now on garbage is collected, but not what is loaded."""
    made = segloop_app.create_app()
    gc.freeze()
    gc.enable()
    return made
