"""What runs in a torch child: `python -m segloop_worker.child SPEC.json`. No other module here imports torch.

It has blobs but no database: rows are the parent's. What it finds goes into blobs, files of the job's folder
and one result line; see `segloop_worker.child_process` for how the two talk.
"""

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import torch

from segloop.acquisition import PoolSummary
from segloop.budgets import Budget
from segloop.devices import resolve_device
from segloop.errors import SegloopError
from segloop.evaluation import metrics_of
from segloop.network import SegmentationNetwork, describe_network, load_weights, save_weights
from segloop.pool_features import encode_pool
from segloop.progress import Progress, ProgressMeter
from segloop.regions import Partition, grid_partition
from segloop.rounds import plan_cold_start, settings_of_round
from segloop.scoring import ImageScores, evaluate, evaluate_audit, score_images, summarise_pool
from segloop.settings import RoundSettings, Split
from segloop.training import train
from segloop_store.blobs import BlobStore, open_blobs
from segloop_store.config import StoreSettings
from segloop_store.states import JobKind
from segloop_worker import prediction_blobs
from segloop_worker.child_io import ParentLine, open_line, say_alive, watch_parent
from segloop_worker.child_spec import (
    AUDIT_FOLDER,
    INITIAL_WEIGHTS_NAME,
    TRAINING_FOLDER,
    WEIGHTS_NAME,
    ChildSpec,
)
from segloop_worker.sources import BlobImageSource, ImageRef, read_images

OnProgress = Callable[[Progress], None]

_DEVICE_TROUBLE = ("CUDA", "cuDNN", "CUBLAS", "NCCL", "HIP")


class ChildJob:
    """A spec with what it needs opened."""

    def __init__(self, spec: ChildSpec, folder: Path, blobs: BlobStore, line: ParentLine) -> None:
        self.spec = spec
        self.folder = folder
        self.blobs = blobs
        self.line = line
        self.settings: RoundSettings = spec.round_settings
        self.images = read_images(folder)

    def source(self, images: Sequence[ImageRef]) -> BlobImageSource:
        """Some of the job's images."""
        return BlobImageSource(images, self.blobs, self.folder)

    def report(
        self, progress: Progress, *, start: float = 0.0, share: float = 1.0, phase: str | None = None
    ) -> None:
        """Pass a report of the method on; it covers `share` of the job from `start`."""
        self.line.send(
            "progress",
            fraction=start + share * progress.fraction,
            phase=phase or progress.phase,
            step=progress.step,
            num_steps=progress.num_steps,
            loss=progress.loss,
            eta_seconds=progress.eta_seconds,
        )

    def reporter(self, phase: str, *, start: float, share: float) -> Callable[[Progress], None]:
        """`report` for one part of the job."""
        return lambda progress: self.report(progress, start=start, share=share, phase=phase)

    @property
    def num_truth_classes(self) -> int:
        """Classes that a truth may hold."""
        return self.spec.num_truth_classes or self.spec.num_classes

    def network(self) -> SegmentationNetwork:
        """The model the spec names, on its device."""
        assert self.spec.weights_key is not None
        path = self.folder / WEIGHTS_NAME
        self.blobs.get_file(self.spec.weights_key, path)
        network = load_weights(path, self.settings, self.spec.num_classes)
        return network.to(resolve_device(self.settings.device))


def run_training(job: ChildJob) -> dict[str, Any]:
    """Train; the weights are left in the job's folder."""
    initial: Path | None = None
    if job.spec.initial_weights_key is not None:
        initial = job.folder / INITIAL_WEIGHTS_NAME
        job.blobs.get_file(job.spec.initial_weights_key, initial)
    with closing(job.source(job.images)) as source:
        trained = train(
            source,
            settings_of_round(job.settings, job.spec.round_number),
            num_classes=job.spec.num_classes,
            work_dir=job.folder / TRAINING_FOLDER,
            on_progress=job.report,
            initial_weights=initial,
            checkpoint_seconds=job.spec.checkpoint_seconds,
        )
    metadata = describe_network(job.settings, job.spec.num_classes)
    save_weights(trained.network, job.folder / WEIGHTS_NAME, metadata)
    return {
        "image_steps": trained.image_steps,
        "compute_seconds": trained.compute_seconds,
        "loss_curve": trained.loss_curve,
        "notes": trained.notes,
    }


def run_evaluation(job: ChildJob) -> dict[str, Any]:
    """Metrics of each split that has truth and of the audit, and what scoring needs to know of the pool."""
    network = job.network()
    parts: list[tuple[str, Callable[[SegmentationNetwork, OnProgress], dict[str, Any]]]] = [
        (split.value, partial(_measure, job, split))
        for split in (Split.VALIDATION, Split.TEST)
        if _of_split(job.images, split)
    ]
    if job.spec.audit_inclusion is not None:
        parts.append(("audit", partial(_measure_audit, job)))
    if _of_split(job.images, Split.POOL):
        parts.append(("summary", partial(_summarise, job)))
    result: dict[str, Any] = {}
    for number, (name, run) in enumerate(parts):
        report = job.reporter(_PHASES[name], start=number / len(parts), share=1 / len(parts))
        result[name] = run(network, report)
    return result


_PHASES = {
    "validation": "evaluating validation",
    "test": "evaluating test",
    "audit": "evaluating the audit",
    "summary": "looking over the pool",
}


def _measure(job: ChildJob, split: Split, network: SegmentationNetwork, report: OnProgress) -> dict[str, Any]:
    with closing(job.source(_of_split(job.images, split))) as source:
        confusion = evaluate(
            network, source, job.settings, num_classes=job.num_truth_classes, on_progress=report
        )
    return metrics_of(confusion).to_mapping()


def _measure_audit(job: ChildJob, network: SegmentationNetwork, report: OnProgress) -> dict[str, Any]:
    assert job.spec.audit_inclusion is not None
    folder = job.folder / AUDIT_FOLDER
    with closing(BlobImageSource(read_images(folder), job.blobs, folder)) as source:
        estimate = evaluate_audit(
            network,
            source,
            job.settings,
            num_classes=job.num_truth_classes,
            inclusion=job.spec.audit_inclusion,
            round_number=job.spec.round_number,
            on_progress=report,
        )
    return estimate.to_mapping()


def _summarise(job: ChildJob, network: SegmentationNetwork, report: OnProgress) -> dict[str, Any]:
    with closing(job.source(_of_split(job.images, Split.POOL))) as source:
        return summarise_pool(network, source, job.settings, on_progress=report).to_mapping()


def run_scoring(job: ChildJob) -> dict[str, Any]:
    """Predictions and scores of every image of the job, into blobs, in the job's order."""
    assert job.spec.model_version_id is not None
    total = len(job.images)
    meter = ProgressMeter(job.report, total)
    with closing(job.source(job.images)) as source:
        written = prediction_blobs.write_all(
            job.blobs,
            job.spec.model_version_id,
            ((job.images[index], scores) for index, scores in _scores(job, source)),
        )
        for number in written:
            meter.report("scoring", number, total, phase_cost=total)
    return {"num_scored": total}


def _scores(job: ChildJob, source: BlobImageSource) -> Iterator[tuple[int, ImageScores]]:
    """Scores in the job's order, its pool images first.

    The pool is batched by itself, as in a simulation: other neighbours in a batch may change a last bit.
    """
    summary = None if job.spec.summary is None else PoolSummary.from_mapping(job.spec.summary)
    network, partitions = job.network(), _partitions(source)
    is_pool = [image.split is Split.POOL for image in job.images]
    for wanted in (True, False):
        indices = [index for index, found in enumerate(is_pool) if found is wanted]
        if indices:
            yield from score_images(
                network, source, partitions, job.settings, summary=summary, indices=indices
            )


def run_cold_start(job: ChildJob) -> dict[str, Any]:
    """The first regions to ask, by coverage of a frozen encoder's features."""
    with closing(job.source(job.images)) as source:
        partitions = _partitions(source)

        def asked(index: int) -> Any:
            return source.settled_regions(index, partitions(index), job.images[index].asked)

        # with an image_share, the images that are chosen are read once more
        parts = iter([(0.0, 0.6), (0.6, 0.2)] if job.settings.image_share else [(0.0, 0.8)])

        def encode(images: list[int]) -> Any:
            start, share = next(parts)
            report = job.reporter("features", start=start, share=share)
            return encode_pool(source, partitions, job.settings, images, on_progress=report)

        plan = plan_cold_start(
            partitions,
            asked,
            num_images=len(source),
            encode=encode,
            budget=Budget(regions=job.spec.budget_regions, pixels=job.spec.budget_pixels),
            settings=job.settings,
            round_number=job.spec.round_number,
            names=source.filename,
            on_progress=lambda fraction: job.report(
                Progress("choosing", round(100 * fraction), 100, fraction), start=0.8, share=0.2
            ),
        )
    return {"plan": [[query.image_index, query.region_index, query.purpose.value] for query in plan]}


RUNNERS: dict[JobKind, Callable[[ChildJob], dict[str, Any]]] = {
    JobKind.TRAIN: run_training,
    JobKind.EVALUATE: run_evaluation,
    JobKind.SCORE: run_scoring,
    JobKind.PREDICT: run_scoring,
    JobKind.FEATURES: run_cold_start,
}


def main() -> None:
    """Do what the spec says; 0 with a result line, 1 with an error line."""
    watch_parent()
    line = open_line()
    say_alive(line)
    path = Path(sys.argv[1])
    try:
        spec = ChildSpec.read(path)
        job = ChildJob(spec, path.parent, open_blobs(StoreSettings()), line)
        line.send("result", value=RUNNERS[spec.kind](job))
    except Exception as error:  # noqa: BLE001 - the parent decides what every error means
        text = str(error) if isinstance(error, SegloopError) else f"{type(error).__name__}: {error}"
        line.send(
            "error",
            message=text or type(error).__name__,
            is_retryable=_is_device_trouble(error),
            traceback=traceback.format_exc(),
        )
        sys.exit(1)


def _is_device_trouble(error: Exception) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _DEVICE_TROUBLE)


def _of_split(images: Sequence[ImageRef], split: Split) -> list[ImageRef]:
    return [image for image in images if image.split is split]


def _partitions(source: BlobImageSource) -> Callable[[int], Partition]:
    """Each image's partition; an image outside the pool that has none is one region."""

    def partition(index: int) -> Partition:
        image = source.images[index]
        if image.region_map_key is None and image.split is not Split.POOL:
            return grid_partition(image.height, image.width, max(image.height, image.width))
        return source.partition(index)

    return partition


if __name__ == "__main__":
    main()
