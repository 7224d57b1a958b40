"""Where things are kept, from `SEGLOOP_*` environment variables. One machine needs only `data_dir`."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """Database, blobs and broker. An address left empty means a place inside `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="SEGLOOP_", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Path("segloop-data")
    database_url: str = ""
    """`sqlite:///<file>` or `postgresql+psycopg://<user>@<host>/<database>`."""
    blob_url: str = ""
    """A folder as `file:///<folder>`, `s3://<bucket>/<prefix>`, or `memory://` in tests."""
    broker_url: str = ""
    """`filesystem://` (inside `data_dir`), `redis://<host>:<port>/<n>`, or `memory://` in tests."""
    s3_endpoint: str = ""
    """Empty = Amazon's own for the region."""
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_region: str = "us-east-1"
    lease_seconds: float = Field(default=600.0, gt=0)
    """How long a region stays in one person's hands without a sign of life."""
    job_lease_seconds: float = Field(default=30.0, gt=0)
    """How long a job stays with a worker that no longer heartbeats."""
    heartbeat_seconds: float = Field(default=5.0, gt=0)
    worker_seen_seconds: float = Field(default=20.0, gt=0)
    """A worker silent for longer counts as gone."""
    max_archive_bytes: int = Field(default=64 << 30, ge=1)
    """One uploaded archive, packed."""
    max_file_bytes: int = Field(default=256 << 20, ge=1)
    """One image, uploaded alone or in an archive."""
    max_pixels: int = Field(default=50_000_000, ge=1)
    """Of one image; a larger one is rejected by its header."""
    decoding_memory_bytes: int = Field(default=2 << 30, ge=256 << 20)
    decoding_seconds: float = Field(default=60.0, gt=0)
    """What decoding one uploaded file may take."""

    @model_validator(mode="after")
    def _fill_addresses(self) -> Self:
        """Make `data_dir` absolute, so that children started elsewhere mean the same folder."""
        self.data_dir = self.data_dir.expanduser().absolute()
        self.database_url = self.database_url or f"sqlite:///{self.data_dir / 'segloop.db'}"
        self.blob_url = self.blob_url or (self.data_dir / "blobs").as_uri()
        self.broker_url = self.broker_url or "filesystem://"
        return self

    @property
    def broker_dir(self) -> Path:
        """Where the embedded broker keeps its messages."""
        return self.data_dir / "broker"
