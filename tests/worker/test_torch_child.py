"""What a torch child is told through its environment."""

from pathlib import Path

import pytest

from segloop_worker.config import WorkerSettings
from segloop_worker.torch_child import child_environment

SECRETS = {
    "SEGLOOP_ADMIN_TOKEN": "admin-secret",
    "SEGLOOP_SIGN_IN_TOKEN": "sign-in-secret",
    "SEGLOOP_DATABASE_URL": "postgresql+psycopg://segloop:database-secret@db/segloop",
    "SEGLOOP_BROKER_URL": "redis://:broker-secret@redis/0",
}


def test_child_is_told_where_blobs_are_and_no_secret_it_does_not_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SEGLOOP_S3_SECRET_KEY", "blob-key")
    environment = child_environment(WorkerSettings(data_dir=tmp_path), "cuda:1")
    assert not environment.keys() & SECRETS.keys()
    assert not [value for value in environment.values() if "-secret" in value]
    assert environment["SEGLOOP_S3_SECRET_KEY"] == "blob-key"
    assert environment["SEGLOOP_BLOB_URL"] == (tmp_path / "blobs").as_uri()
    assert environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert "PATH" in environment
