"""A server in this process for every test of it: `site` is fresh, `any_site` runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.support.site import Site, open_site, site_settings


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Log lines as JSON: the default renderer prints every local of every frame, 10 s for one error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """A server over an empty SQLite database."""
    opened = open_site(site_settings(tmp_path, database_url=sqlite_url))
    with opened.client:
        yield opened


@pytest.fixture
def any_site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A server over an empty database, on each kind in turn."""
    opened = open_site(site_settings(tmp_path, database_url=database_url))
    with opened.client:
        yield opened
