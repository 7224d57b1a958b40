"""Round settings as HTTP may give them: the method's own rules, and no way to name a file of the server."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy.orm import Session

from segloop.acquisition import check_acquisition
from segloop.fitting import fitted_settings
from segloop.settings import Acquisition, EncoderWeights, Method, RoundSettings, missing_weights
from segloop_server.errors import InvalidFieldError
from segloop_store.repositories import images, work


@dataclass(frozen=True, slots=True)
class ProjectFit:
    """What a project's settings are fitted to.

    Attributes:
        sizes: (height, width) -> number of images of the pool.
        on_gpu: a worker at hand has one.
    """

    sizes: Mapping[tuple[int, int], int]
    on_gpu: bool

    @classmethod
    def of(cls, session: Session, project_id: uuid.UUID, *, seen_within_seconds: float) -> Self:
        """That of a project as it is now."""
        devices = work.torch_devices(session, seen_within_seconds=seen_within_seconds)
        return cls(
            images.pool_sizes(session, project_id), any(name.startswith("cuda") for _, name in devices)
        )

    def settings(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """What nobody has to name beside what is named; nothing without an image."""
        on_gpu = self.on_gpu and named.get("device") != "cpu"
        return fitted_settings(self.sizes, on_gpu=on_gpu, named=named) if self.sizes else {}


def settings_from_request(
    values: dict[str, Any], *, method: Method | None, acquisition: Acquisition | None, weights_dir: Path
) -> RoundSettings:
    """Settings of a round; `method` and `acquisition` win over the same names in `values`.

    Raises:
        SettingsError: an unknown name, a wrong type, a value out of bounds, or an acquisition that the other
            settings leave nothing to score with.
        InvalidFieldError: encoder weights that are neither a known name nor a file of `weights_dir`, or that
            nobody has.
    """
    chosen = {"method": method, "acquisition": acquisition}
    settings = RoundSettings.from_mapping(
        {**values, **{name: value.value for name, value in chosen.items() if value is not None}}
    )
    check_acquisition(settings)
    _check_weights(settings.encoder_weights, weights_dir)
    missing = missing_weights(settings.encoder, settings.encoder_weights)
    if missing is not None:  # else the round would find out when its first job has started
        raise InvalidFieldError("settings.encoder_weights", missing)
    return settings


def _check_weights(name: str, weights_dir: Path) -> None:
    known = {weights.value for weights in EncoderWeights}
    if name in known:
        return
    files = (
        sorted(path.name for path in weights_dir.iterdir() if path.is_file()) if weights_dir.is_dir() else []
    )
    # only a name that a listing of the folder gives: no separator, no "..", no link out of a typed path
    if name not in files:
        there = ", ".join(files[:20]) or "none yet"
        raise InvalidFieldError(
            "settings.encoder_weights",
            f"{name!r} is unknown: use {', '.join(sorted(known))} or a file in the server's folder weights "
            f"({there})",
        )
