"""Log lines: readable on a terminal, JSON where a machine reads them."""

import logging
import sys

import structlog


def configure_logging(*, as_json: bool) -> None:
    """Set up structlog for this process: info and above, to stderr."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        # not the pretty tracebacks: they print every local, secrets too, and took 20 s for one of this app's
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    logging.getLogger("uvicorn.access").disabled = True  # `RequestScope` logs each request already
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
