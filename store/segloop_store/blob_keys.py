"""Every blob key is built here, and nowhere else.

A key never holds what a user typed: ids and hashes only, so that no name can lead out of the store.
"""

import re
from uuid import UUID

from segloop_store.errors import BlobKeyError

_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_key(key: str) -> None:
    """Refuse a key that some store would read as another place.

    Raises:
        BlobKeyError: it is no `/`-joined line of small letters, digits, `.`, `_` and `-`, or holds `..`.
    """
    if not all(_PART.fullmatch(part) and ".." not in part for part in key.split("/")):
        raise BlobKeyError(f"{key!r} is no blob key")


def original(project_id: UUID, sha256: str, extension: str) -> str:
    """The uploaded bytes, as they came. `extension` without its dot."""
    return _key("projects", project_id, "originals", f"{_checked_sha256(sha256)}.{extension.lower()}")


def pixels(project_id: UUID, sha256: str) -> str:
    """The upright 8-bit RGB image, named by the hash of the uploaded bytes."""
    return _key("projects", project_id, "pixels", _checked_sha256(sha256))


def thumbnail(image_id: UUID) -> str:
    """A small JPEG of an image."""
    return _key("images", image_id, "thumbnail.jpg")


def region_map(image_id: UUID) -> str:
    """The partition of an image, a uint16 PNG."""
    return _key("images", image_id, "region_map.png")


def segments(image_id: UUID) -> str:
    """The finer segments of an image, a uint16 PNG."""
    return _key("images", image_id, "segments.png")


def ground_truth(image_id: UUID, version: int) -> str:
    """An uploaded label map, an index PNG."""
    return _key("images", image_id, "ground_truth", f"{version:06d}.png")


def snapshot(round_id: UUID) -> str:
    """What a round's training saw, JSON."""
    return _key("rounds", round_id, "snapshot.json")


def weights(model_version_id: UUID) -> str:
    """A model's weights, safetensors."""
    return _key("models", model_version_id, "weights.safetensors")


def prediction(model_version_id: UUID, image_id: UUID) -> str:
    """A model's label map of an image, an index PNG."""
    return _key("models", model_version_id, "images", image_id, "prediction.png")


def heat(model_version_id: UUID, image_id: UUID) -> str:
    """A model's scores of an image, an 8-bit PNG, higher = asked first."""
    return _key("models", model_version_id, "images", image_id, "heat.png")


def max_prob(model_version_id: UUID, image_id: UUID) -> str:
    """A model's largest probability per pixel, an 8-bit PNG."""
    return _key("models", model_version_id, "images", image_id, "max_prob.png")


def region_scores(model_version_id: UUID, image_id: UUID) -> str:
    """A model's score, top classes and their probabilities per region, npz."""
    return _key("models", model_version_id, "images", image_id, "region_scores.npz")


def archive(job_id: UUID) -> str:
    """An uploaded zip or tar, until its job has read it."""
    return _key("archives", job_id)


def export(export_id: UUID) -> str:
    """A finished export, a zip."""
    return _key("exports", f"{export_id}.zip")


def job_checkpoint(job_id: UUID, name: str) -> str:
    """A file by which another worker can go on with a job."""
    return _key("jobs", job_id, name)


def probe(name: str) -> str:
    """What a health check writes and deletes."""
    return _key("probes", name)


def _key(*parts: str | UUID) -> str:
    key = "/".join(str(part) for part in parts)
    check_key(key)
    return key


def _checked_sha256(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise BlobKeyError(f"{sha256!r} is no SHA-256 in hexadecimal")
    return sha256
