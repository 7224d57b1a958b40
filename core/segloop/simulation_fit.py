"""What a simulation does not name, fitted to its data and this machine, as the service does for a round."""

from collections.abc import Callable, Mapping
from typing import Any

from segloop.devices import resolve_device
from segloop.fitting import fitted_settings
from segloop.settings import RoundSettings
from segloop.simulated_pool import pool_sizes
from segloop.simulation_data import DataConfig

Fitted = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What an arm names -> values of `RoundSettings` for what it does not."""


def fit_to_data(data: DataConfig) -> Fitted:
    """`fitted_settings` of a simulation's pool, for `load_config` and `parse_config`.

    Args:
        data: the pool is what it leaves of a folder's `train`, or its scenes; sizes are read once, here.

    Returns:
        A function of what is named, such as method, sides and device. It gives nothing where there is
        no image, which `Simulation` refuses, and raises `SettingsError` if this machine has no such device.

    Raises:
        DatasetError: the folder is no data set, or a file of it is no image.
    """
    sizes = pool_sizes(data)

    def fitted(named: Mapping[str, Any]) -> Mapping[str, Any]:
        if not sizes:
            return {}
        device = resolve_device(str(named.get("device", RoundSettings().device)))
        return fitted_settings(sizes, on_gpu=device.type == "cuda", named=named)

    return fitted
