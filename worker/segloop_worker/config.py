"""What a worker may be told besides where things are kept, from `SEGLOOP_*` environment variables."""

import os
import shutil
import socket
import subprocess

from pydantic import Field

from segloop_store.config import StoreSettings


class WorkerSettings(StoreSettings):
    """How a worker runs its jobs."""

    machine: str = Field(default_factory=socket.gethostname, max_length=100)
    """Whose devices these are: workers of one machine that see different host names are told the same."""
    devices: str = "auto"
    """This machine's compute devices, `cpu` or `cuda:0,cuda:1`; `auto` = all of NVIDIA's, else the CPU."""
    num_threads: int = Field(default=0, ge=0)
    """CPU threads of a torch child; 0 = what the round's settings or torch say."""
    child_silence_seconds: float = Field(default=120.0, gt=0)
    child_stall_seconds: float = Field(default=1800.0, gt=0)
    checkpoint_seconds: float = Field(default=20.0, gt=0)
    """How much of a training is lost at most when its child is killed."""
    checkpoint_mirror_seconds: float = Field(default=60.0, gt=0)
    """How often a training's checkpoint goes to a blob store that other machines share."""
    images_a_shard: int = Field(default=32, ge=1)
    """A pool is not cut into shards smaller than this: starting a child costs as much as scoring them."""
    ingest_threads: int = Field(default=2, ge=1, le=32)
    max_archive_files: int = Field(default=200_000, ge=1)
    max_unpacked_bytes: int = Field(default=200 << 30, ge=1)
    """Of everything an archive unpacks to."""
    max_compression_ratio: float = Field(default=200.0, gt=1)
    """An archive member that unpacks to more than this times its packed size is a bomb."""

    @property
    def is_blob_store_shared(self) -> bool:
        """Whether another machine can read what this one puts into the blob store."""
        return self.blob_url.startswith("s3:")


def find_devices(devices: str) -> list[str]:
    """The device names that `devices` means here. Torch is not asked: importing it costs seconds."""
    if devices != "auto":
        return [name.strip() for name in devices.split(",") if name.strip()]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:  # somebody has given this process a part of the machine
        return [f"cuda:{name.strip()}" for name in visible.split(",") if name.strip()] or ["cpu"]
    program = shutil.which("nvidia-smi")
    if program is None:
        return ["cpu"]
    listed = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
        [program, "--list-gpus"], capture_output=True, text=True, timeout=20, check=False
    )
    count = sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
    return [f"cuda:{index}" for index in range(count)] or ["cpu"]
