"""segloop's method as a library: arrays in, arrays out. docs/library.md runs a whole loop with it.

The names below are the public ones. They are loaded when first used, so that `import segloop` is quick and
those that need no torch work without it. Editors and type checkers read the imports, Python the table.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segloop.acquisition import AcquisitionFunction as AcquisitionFunction
    from segloop.acquisition import PoolSummary as PoolSummary
    from segloop.budgets import Budget as Budget
    from segloop.errors import SegloopError as SegloopError
    from segloop.evaluation import ConfusionMatrix as ConfusionMatrix
    from segloop.evaluation import Metrics as Metrics
    from segloop.evaluation import metrics_of as metrics_of
    from segloop.fitting import fitted_settings as fitted_settings
    from segloop.folders import FolderDataset as FolderDataset
    from segloop.folders import open_folder as open_folder
    from segloop.label_maps import UNLABELLED as UNLABELLED
    from segloop.label_maps import VOID as VOID
    from segloop.losses import ContrastSettings as ContrastSettings
    from segloop.losses import class_loss_weights as class_loss_weights
    from segloop.losses import cross_entropy as cross_entropy
    from segloop.losses import regional_contrast as regional_contrast
    from segloop.losses import separate_cross_entropy as separate_cross_entropy
    from segloop.network import SegmentationNetwork as SegmentationNetwork
    from segloop.network import build_network as build_network
    from segloop.network import describe_network as describe_network
    from segloop.network import load_weights as load_weights
    from segloop.network import save_weights as save_weights
    from segloop.oracle import Answer as Answer
    from segloop.oracle import answer_region as answer_region
    from segloop.pool_features import encode_pool as encode_pool
    from segloop.progress import Progress as Progress
    from segloop.regions import Partition as Partition
    from segloop.regions import partition as partition
    from segloop.rounds import PlannedQuery as PlannedQuery
    from segloop.rounds import QueryUnit as QueryUnit
    from segloop.rounds import plan_cold_start as plan_cold_start
    from segloop.rounds import plan_queries as plan_queries
    from segloop.rounds import settings_of_round as settings_of_round
    from segloop.scenes import SCENE_CLASSES as SCENE_CLASSES
    from segloop.scenes import render_scene as render_scene
    from segloop.scenes import write_scenes as write_scenes
    from segloop.scoring import ImageScores as ImageScores
    from segloop.scoring import evaluate as evaluate
    from segloop.scoring import score_images as score_images
    from segloop.scoring import summarise_pool as summarise_pool
    from segloop.settings import METHOD_PRESETS as METHOD_PRESETS
    from segloop.settings import Acquisition as Acquisition
    from segloop.settings import AnnotationKind as AnnotationKind
    from segloop.settings import ColdStart as ColdStart
    from segloop.settings import Method as Method
    from segloop.settings import Negatives as Negatives
    from segloop.settings import PartitionKind as PartitionKind
    from segloop.settings import RoundSettings as RoundSettings
    from segloop.settings import Split as Split
    from segloop.settings import describe_settings as describe_settings
    from segloop.simulated_pool import FolderSource as FolderSource
    from segloop.simulated_pool import SimulatedPool as SimulatedPool
    from segloop.simulation import Simulation as Simulation
    from segloop.simulation_config import SimulationConfig as SimulationConfig
    from segloop.simulation_config import load_config as load_config
    from segloop.simulation_config import parse_config as parse_config
    from segloop.simulation_data import DataConfig as DataConfig
    from segloop.simulation_fit import fit_to_data as fit_to_data
    from segloop.sources import ArraySource as ArraySource
    from segloop.sources import ImageSource as ImageSource
    from segloop.training import TrainedModel as TrainedModel
    from segloop.training import train as train

_HOME_OF = {
    "Acquisition": "settings",
    "AcquisitionFunction": "acquisition",
    "AnnotationKind": "settings",
    "Answer": "oracle",
    "ArraySource": "sources",
    "Budget": "budgets",
    "ColdStart": "settings",
    "ConfusionMatrix": "evaluation",
    "ContrastSettings": "losses",
    "DataConfig": "simulation_data",
    "FolderDataset": "folders",
    "FolderSource": "simulated_pool",
    "ImageScores": "scoring",
    "ImageSource": "sources",
    "METHOD_PRESETS": "settings",
    "Method": "settings",
    "Metrics": "evaluation",
    "Negatives": "settings",
    "Partition": "regions",
    "PartitionKind": "settings",
    "PlannedQuery": "rounds",
    "PoolSummary": "acquisition",
    "Progress": "progress",
    "QueryUnit": "rounds",
    "RoundSettings": "settings",
    "SCENE_CLASSES": "scenes",
    "SegloopError": "errors",
    "SegmentationNetwork": "network",
    "SimulatedPool": "simulated_pool",
    "Simulation": "simulation",
    "SimulationConfig": "simulation_config",
    "Split": "settings",
    "TrainedModel": "training",
    "UNLABELLED": "label_maps",
    "VOID": "label_maps",
    "answer_region": "oracle",
    "build_network": "network",
    "class_loss_weights": "losses",
    "cross_entropy": "losses",
    "describe_network": "network",
    "describe_settings": "settings",
    "encode_pool": "pool_features",
    "evaluate": "scoring",
    "fit_to_data": "simulation_fit",
    "fitted_settings": "fitting",
    "load_config": "simulation_config",
    "load_weights": "network",
    "metrics_of": "evaluation",
    "open_folder": "folders",
    "parse_config": "simulation_config",
    "partition": "regions",
    "plan_cold_start": "rounds",
    "plan_queries": "rounds",
    "regional_contrast": "losses",
    "render_scene": "scenes",
    "save_weights": "network",
    "score_images": "scoring",
    "separate_cross_entropy": "losses",
    "settings_of_round": "rounds",
    "summarise_pool": "scoring",
    "train": "training",
    "write_scenes": "scenes",
}


def __getattr__(name: str) -> Any:
    """Load a public name's module when the name is first used."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted(_HOME_OF)
