"""Settings: one folder is enough; the environment may name everything."""

from pathlib import Path

import pytest

from segloop_store.config import StoreSettings


def test_a_folder_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = StoreSettings(data_dir=Path("data"))

    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/segloop.db"
    assert settings.blob_url == (tmp_path / "data" / "blobs").as_uri()
    assert settings.broker_url == "filesystem://"
    assert settings.broker_dir == tmp_path / "data" / "broker"


def test_environment_names_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLOOP_DATABASE_URL", "postgresql+psycopg://a@b/c")
    monkeypatch.setenv("SEGLOOP_BLOB_URL", "s3://bucket/prefix")
    monkeypatch.setenv("SEGLOOP_BROKER_URL", "redis://host:6379/0")
    monkeypatch.setenv("SEGLOOP_S3_SECRET_KEY", "do not show")
    monkeypatch.setenv("SEGLOOP_LEASE_SECONDS", "")
    settings = StoreSettings()

    assert settings.database_url == "postgresql+psycopg://a@b/c"
    assert settings.blob_url == "s3://bucket/prefix"
    assert settings.broker_url == "redis://host:6379/0"
    assert settings.lease_seconds == 600
    assert "do not show" not in repr(settings)
