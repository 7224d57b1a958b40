"""The app: `uvicorn --factory segloop_server.app:create_app`."""

import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from importlib.metadata import version

import structlog
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from segloop_server.api_docs import PROBLEM_RESPONSES, describe_problems, docs_router
from segloop_server.auth import LoginLimiter, Passwords
from segloop_server.config import ServerSettings
from segloop_server.dependencies import Context, built_in_admin
from segloop_server.errors import add_error_handlers
from segloop_server.live import close_live_feed
from segloop_server.logs import configure_logging
from segloop_server.request_scope import RequestScope
from segloop_server.routers import health
from segloop_server.routes import ROUTERS
from segloop_server.static_page import page_router
from segloop_store.blobs import open_blobs
from segloop_store.broker import CeleryWaker
from segloop_store.database import Database
from segloop_store.decoding import Decoder
from segloop_store.errors import StoreError

log = structlog.get_logger("segloop_server")

API = "/api/v1"
_ABANDONED_SECONDS = 24 * 3600.0
"""An upload's folder this old was left by a process that died."""


def create_app(settings: ServerSettings | None = None) -> FastAPI:
    """A server over the places its settings name. It touches none of them before it starts.

    Args:
        settings: None = from the environment, and the process's log is set up too.
    """
    if settings is None:
        settings = ServerSettings()
        configure_logging(as_json=settings.log_json)
    context = _context(settings)
    app = FastAPI(
        title="segloop",
        version=version("segloop"),
        description="Asks people only for the image regions a segmentation model learns most from.",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan,
    )
    app.state.context = context
    add_error_handlers(app)
    app.add_middleware(RequestScope, settings=settings, metrics=context.metrics)
    for router in ROUTERS:
        app.include_router(router, prefix=API, responses=PROBLEM_RESPONSES)
    app.include_router(health.router)
    describe_problems(app)
    app.include_router(docs_router(app))
    app.include_router(page_router(settings.static_dir))
    return app


def _context(settings: ServerSettings) -> Context:
    return Context(
        settings=settings,
        database=Database(settings.database_url, waker=CeleryWaker(settings)),
        blobs=open_blobs(settings),
        decoder=Decoder(
            num_children=settings.decoding_processes,
            max_pixels=settings.max_pixels,
            memory_bytes=settings.decoding_memory_bytes,
            timeout_seconds=settings.decoding_seconds,
        ),
        passwords=Passwords(settings),
        login_limiter=LoginLimiter(settings.max_login_failures),
    )


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    await run_in_threadpool(_prepare, context)
    try:
        yield
    finally:
        await close_live_feed(app)
        await run_in_threadpool(_close, context)


def _prepare(context: Context) -> None:
    """Make the built-in admin, clear away what a crash left. A database that is away is no reason to die."""
    try:
        built_in_admin(context)
    except StoreError as error:
        log.warning("starting_without_database", reason=str(error))
    if context.temporary_dir.is_dir():
        oldest = time.time() - _ABANDONED_SECONDS
        for folder in context.temporary_dir.iterdir():
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _close(context: Context) -> None:
    context.decoder.close()
    context.database.dispose()


def _operation_id(route: APIRoute) -> str:
    return route.name
