"""What a server may be told, all of it from `SEGLOOP_*` environment variables or keyword arguments."""

from pathlib import Path

from pydantic import Field, SecretStr

from segloop_store.config import StoreSettings

MEBIBYTE = 1 << 20


class ServerSettings(StoreSettings):
    """Settings of the HTTP edge, on top of where things are kept."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    admin_token: SecretStr | None = None
    """Any string given here is a bearer token that acts as the built-in admin."""
    sign_in_token: SecretStr | None = None
    """The token of the printed sign-in link."""
    session_days: int = Field(default=30, ge=1)
    max_login_failures: int = Field(default=10, ge=1)
    """Wrong passwords a username may collect in a minute before it is told to wait."""
    min_password_length: int = Field(default=1, ge=1)
    """Public servers should raise it; the passwords of a server on one's own machine are one's own affair."""
    password_time_cost: int = Field(default=3, ge=1)
    password_memory_kib: int = Field(default=65536, ge=64)

    max_body_bytes: int = Field(default=16 * MEBIBYTE, ge=1)
    """Any request that is neither an upload nor an archive."""
    max_upload_bytes: int = Field(default=4096 * MEBIBYTE, ge=1)
    """One multipart upload with all its files."""
    max_upload_files: int = Field(default=10_000, ge=1)
    decoding_processes: int = Field(default=2, ge=1)

    static_dir: Path = Path(__file__).parent / "static"
    """The built page."""
    log_json: bool = False
