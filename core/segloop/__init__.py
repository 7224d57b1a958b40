"""segloop's method as a library: arrays in, arrays out.

The names below are the public ones. They are loaded when first used, so that `import segloop` is quick and
those that need no torch work without it.
"""

import importlib
from typing import Any

_HOME_OF = {
    "Acquisition": "settings",
    "Method": "settings",
    "PartitionKind": "settings",
    "RoundSettings": "settings",
    "Split": "settings",
    "SegloopError": "errors",
    "UNLABELLED": "label_maps",
    "VOID": "label_maps",
    "ConfusionMatrix": "evaluation",
    "metrics_of": "evaluation",
    "Partition": "regions",
    "partition": "regions",
    "answer_region": "oracle",
    "fitted_settings": "fitting",
    "open_folder": "folders",
    "render_scene": "scenes",
    "Budget": "rounds",
    "plan_cold_start": "rounds",
    "plan_queries": "rounds",
    "ArraySource": "sources",
    "ImageSource": "sources",
    "SegmentationNetwork": "network",
    "build_network": "network",
    "load_weights": "network",
    "save_weights": "network",
    "cross_entropy": "losses",
    "regional_contrast": "losses",
    "train": "training",
    "evaluate": "scoring",
    "encode_pool": "scoring",
    "score_images": "scoring",
}


def __getattr__(name: str) -> Any:
    """Load a public name's module when the name is first used."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted(_HOME_OF)
