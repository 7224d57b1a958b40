"""Training and scoring against bare loops: the same network, batches, scales and threads on ready tensors.

./run bench loops [--method segloop] [--height 180 --width 240] [--threads 2] [--repeats 5] [--quick]

Training: `segloop.training.train` on a source of encoded JPEGs, from the first to the last step of each
generation; decoding, resizing, augmentation, reports and a checkpoint each 20 s included, start-up and the
making of pseudo labels not. The bare loop: forward, cross-entropy, contrast, backward and optimiser step over
a fixed list of uint8 batches: of a method's losses these two alone, whatever else it weighs and counts.
Scoring: `score_images` over JPEGs, everything included; the bare loop: the forward passes alone, over
normalised tensors that exist at each scale. Runs alternate: bare, ours, bare, ours.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bench._report import median, publish
from segloop.devices import autocast, resolve_device, resolve_dtype, seeded, torch_runtime
from segloop.images import decode_image, encode_jpeg, resize_image
from segloop.label_maps import UNLABELLED, resize_label_map
from segloop.losses import ContrastSettings, cross_entropy, regional_contrast
from segloop.network import SegmentationNetwork, upsample_logits
from segloop.prediction import batch_size_for
from segloop.progress import Progress
from segloop.regions import (
    Partition,
    decode_region_map,
    encode_region_map,
    grid_partition,
    partition_from_region_map,
)
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop.scoring import score_images
from segloop.settings import Method, Negatives, RoundSettings
from segloop.training import train
from segloop.training_state import NetworkRecipe, TrainingState

NUM_CLASSES = len(SCENE_CLASSES)
NUM_BATCHES = 4
"""Ready batches that the bare training loop goes round."""
CHECKPOINT_SECONDS = 20.0
"""Time between checkpoints of a real round; here their cost is measured once a generation and spread."""


@dataclass(frozen=True)
class EncodedScenes:
    """An `ImageSource` of files in memory, decoded at each call as a blob store's are.

    Attributes:
        jpegs: the files.
        label_maps: (H, W) uint8, what is known of each.
        region_map_png: the regions of every image.
        num_images: length of the source; more than there are files go round them.
    """

    jpegs: list[bytes]
    label_maps: list[NDArray[np.uint8]]
    region_map_png: bytes
    num_images: int

    def __len__(self) -> int:
        return self.num_images

    def filename(self, index: int) -> str:
        """A name of its own for each index."""
        return f"{index:06d}.jpg"

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 RGB."""
        return decode_image(self.jpegs[index % len(self.jpegs)]).pixels

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """What is known, (H, W) uint8."""
        return self.label_maps[index % len(self.label_maps)]

    def dominant_mask(self, index: int) -> None:  # noqa: ARG002 - the Protocol's signature
        """Every answer is exact."""
        return

    def partition(self, index: int) -> Partition:  # noqa: ARG002 - the same grid everywhere
        """The image's regions, read from their PNG as the worker does."""
        return partition_from_region_map(decode_region_map(self.region_map_png))


@dataclass(frozen=True)
class Work:
    """What is measured, in both loops.

    Attributes:
        settings: of the round.
        scenes: every label map is the truth.
        num_steps: of each generation.
        repeats: runs of each loop.
    """

    settings: RoundSettings
    scenes: EncodedScenes
    num_steps: int
    repeats: int

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return resolve_device(self.settings.device)

    @property
    def dtype(self) -> torch.dtype:
        """What forward passes compute in."""
        return resolve_dtype(self.settings.precision, self.device)

    def training_source(self, num_images: int | None = None) -> EncodedScenes:
        """Every second image fully answered, nothing known of the others: both streams have images."""
        nothing = np.full_like(self.scenes.label_maps[0], UNLABELLED)
        known = [one if at % 2 == 0 else nothing for at, one in enumerate(self.scenes.label_maps)]
        return dataclasses.replace(
            self.scenes, label_maps=known, num_images=num_images or self.scenes.num_images
        )

    def pool(self, num_images: int) -> EncodedScenes:
        """Images of which nothing is known."""
        nothing = np.full_like(self.scenes.label_maps[0], UNLABELLED)
        return dataclasses.replace(self.scenes, label_maps=[nothing], num_images=num_images)

    def recipe(self, **changes: Any) -> NetworkRecipe:
        """Network, optimiser and generators exactly as a round makes them."""
        settings = dataclasses.replace(self.settings, **changes)
        return NetworkRecipe(settings, NUM_CLASSES, None, self.device, uses_fp16=False)

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """An image at training size."""
        settings = self.settings
        image = self.scenes.image(index)
        return resize_image(image, height=settings.image_height_px, width=settings.image_width_px)

    def batch(self, first: int, size: int) -> tuple[Tensor, Tensor]:
        """Images (B, H, W, 3) and label maps (B, H, W), uint8 at training size, on the device."""
        height, width = self.settings.image_height_px, self.settings.image_width_px
        indices = range(first, first + size)
        images = np.stack([self.pixels(index) for index in indices])
        label_maps = [
            resize_label_map(self.scenes.label_map(index), height=height, width=width) for index in indices
        ]
        return (
            torch.from_numpy(images).to(self.device),
            torch.from_numpy(np.stack(label_maps)).to(self.device),
        )

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    work = _work(options)
    suffix = "" if options.method is Method.S4AL_PLUS else f"-{options.method.value}"
    suffix += "-quick" if options.quick else ""
    facts = {
        "method": options.method.value,
        "training size": f"{options.width} x {options.height}",
        "image size": f"{options.native[1]} x {options.native[0]} JPEG q92",
        "device": str(work.device),
        "precision": str(work.dtype),
        "threads": options.threads,
        "repeats": options.repeats,
        "torch": torch.__version__,
    }
    publish(f"loops-memory{suffix}", memory_rows(work, options.memory_images), **facts)
    rows = [*training_rows(work), scoring_row(work, options.images)]
    publish(f"loops{suffix}", rows, **facts, **{"steps a generation": options.steps})
    publish(f"loops-reco{suffix}", contrast_rows(work), **facts)


def training_rows(work: Work) -> list[dict[str, Any]]:
    """One row a generation: its own mix of images, its own batch size."""
    settings = work.settings
    phases = {
        "generation 0": settings.batch_supervised,
        "generation 1": settings.batch_labelled + settings.batch_unlabelled,
    }
    batches = {
        phase: [work.batch(at * size, size) for at in range(NUM_BATCHES)] for phase, size in phases.items()
    }
    bare: dict[str, list[float]] = {phase: [] for phase in phases}
    ours: dict[str, list[float]] = {phase: [] for phase in phases}
    for _ in range(work.repeats):
        for phase, size in phases.items():
            bare[phase].append(bare_training(work, batches[phase]) / size)
        reports = own_training(work)
        for phase, size in phases.items():
            ours[phase].append(seconds_per_step(reports, phase) / size)
    return [_row(f"train, {phase}, batch {size}", bare[phase], ours[phase]) for phase, size in phases.items()]


def bare_training(work: Work, batches: list[tuple[Tensor, Tensor]], **changes: Any) -> float:
    """Seconds a step of the bare loop, after one step to warm up; `changes` to the settings."""
    recipe = work.recipe(**changes)
    with torch_runtime(recipe.settings, work.device), seeded(0, work.device):
        state = recipe.begin(0, None)
        bare_step(work, state, recipe.settings, *batches[0])
        work.wait()
        start = time.perf_counter()
        for step in range(work.num_steps):
            bare_step(work, state, recipe.settings, *batches[step % len(batches)])
        work.wait()
        return (time.perf_counter() - start) / work.num_steps


def bare_step(
    work: Work, state: TrainingState, settings: RoundSettings, images: Tensor, label_map: Tensor
) -> None:
    """Forward, cross-entropy, regional contrast, backward, optimiser step."""
    size = (images.shape[1], images.shape[2])
    with autocast(work.device, work.dtype):
        outputs = state.network(state.network.normalise(images), embed=settings.reco_weight > 0)
    loss = cross_entropy(upsample_logits(outputs.logits.float(), size, size), label_map)
    if outputs.embeddings is not None:
        contrast = ContrastSettings.of(settings)
        loss = loss + settings.reco_weight * regional_contrast(
            outputs.embeddings, outputs.logits, label_map, contrast, state.contrast_generator
        )
    state.optimiser.zero_grad(set_to_none=True)
    _backward(loss)
    state.optimiser.step()


def own_training(work: Work, num_images: int | None = None) -> list[tuple[float, Progress]]:
    """A whole training, of a pool of any size; each report with the time it came at."""
    reports: list[tuple[float, Progress]] = []
    with TemporaryDirectory() as folder:
        train(
            work.training_source(num_images),
            work.settings,
            num_classes=NUM_CLASSES,
            work_dir=Path(folder),
            on_progress=lambda progress: reports.append((time.perf_counter(), progress)),
            checkpoint_seconds=1e9,  # only the one that ends a generation
        )
    return reports


def seconds_per_step(reports: list[tuple[float, Progress]], phase: str) -> float:
    """From a generation's first report to its last but one.

    The last waits for a checkpoint, whose cost is spread as if there were one each 20 s.
    """
    times = [(at, progress.step) for at, progress in reports if progress.phase == phase]
    (first_at, first), (before_at, before), (last_at, last) = times[0], times[-2], times[-1]
    step = (before_at - first_at) / (before - first)
    checkpoint = max(0.0, last_at - before_at - (last - before) * step)
    return step * (1 + checkpoint / CHECKPOINT_SECONDS)


def scoring_row(work: Work, num_images: int) -> dict[str, Any]:
    """Scoring images, decoding to pooled regions, against their forward passes."""
    network = _network(work)
    inputs = forward_inputs(work, network, num_images)
    pool = work.pool(num_images)
    bare_scoring(work, network, inputs[:1])
    own_scoring(work, network, work.pool(len(inputs[0][0])))
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(work.repeats):
        bare.append(bare_scoring(work, network, inputs) / num_images)
        ours.append(own_scoring(work, network, pool) / num_images)
    scales = ", ".join(f"{scale:g}" for scale in work.settings.score_scales)
    return _row(f"score at {scales}, batch {len(inputs[0][0])}", bare, ours)


def forward_inputs(work: Work, network: SegmentationNetwork, num_images: int) -> list[list[Tensor]]:
    """For each batch, what the network gets at each scale: (B, 3, h, w) normalised, on the device."""
    height, width = work.settings.image_height_px, work.settings.image_width_px
    size = batch_size_for(work.device, num_classes=NUM_CLASSES, height=height, width=width)
    inputs = []
    for first in range(0, num_images, size):
        images, _ = work.batch(first, min(size, num_images - first))
        normalised = network.normalise(images)
        sizes = [(round(height * scale), round(width * scale)) for scale in work.settings.score_scales]
        inputs.append(
            [F.interpolate(normalised, size=one, mode="bilinear", align_corners=False) for one in sizes]
        )
    return inputs


def bare_scoring(work: Work, network: SegmentationNetwork, inputs: list[list[Tensor]]) -> float:
    """Seconds the forward passes take."""
    with torch_runtime(work.settings, work.device), torch.inference_mode():
        start = time.perf_counter()
        for batch in inputs:
            for images in batch:
                with autocast(work.device, work.dtype):
                    network(images)
        work.wait()
        return time.perf_counter() - start


def own_scoring(work: Work, network: SegmentationNetwork, pool: EncodedScenes) -> float:
    """Seconds `score_images` takes."""
    start = time.perf_counter()
    num_scored = sum(1 for _ in score_images(network, pool, pool.partition, work.settings))
    assert num_scored == len(pool)
    return time.perf_counter() - start


def memory_rows(work: Work, numbers: list[int]) -> list[dict[str, Any]]:
    """Peak memory of a process that scores, or trains with, a pool of so many images; one process each."""
    rows = []
    for what, peak_of in (("scoring", peak_of_scoring), ("training", peak_of_training)):
        for num_images in numbers:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
                peak_mb = processes.submit(peak_of, work, num_images).result()
            rows.append({"what": what, "images of the pool": num_images, "peak memory MB": peak_mb})
    return rows


def peak_of_scoring(work: Work, num_images: int) -> float:
    """Score in this process; its peak resident memory in MB."""
    torch.set_num_threads(work.settings.num_threads)
    own_scoring(work, _network(work), work.pool(num_images))
    return _peak_mb()


def peak_of_training(work: Work, num_images: int) -> float:
    """Train on the answers of half of the pool's images in this process; its peak resident memory in MB."""
    torch.set_num_threads(work.settings.num_threads)
    # every image is in a step, so all are read; pseudo labels are scoring's forward passes
    steps = dataclasses.replace(
        work.settings,
        generation_0_share=1.0,
        num_generations=0,
        image_steps=num_images,
    )
    own_training(dataclasses.replace(work, settings=steps), num_images)
    return _peak_mb()


def _peak_mb() -> float:
    """Of this program; getrusage's is at least what the parent held when it started this process."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    return int(line.split()[1]) / 1024


def contrast_rows(work: Work) -> list[dict[str, Any]]:
    """What regional contrast adds to a bare step, representation head included, and the loss by itself."""
    variants: dict[str, dict[str, Any]] = {
        "off": {"reco_weight": 0.0},
        **{negatives.value: {"reco_negatives": negatives} for negatives in Negatives},
    }
    size = work.settings.batch_labelled + work.settings.batch_unlabelled
    batches = [work.batch(at * size, size) for at in range(NUM_BATCHES)]
    steps: dict[str, list[float]] = {name: [] for name in variants}
    losses: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(work.repeats):
        for name, changes in variants.items():
            steps[name].append(bare_training(work, batches, **changes))
            losses[name].append(contrast_seconds(work, batches[0], **changes))
    without = median(steps["off"])
    return [
        {
            "negatives": name,
            "step ms": 1000 * median(steps[name]),
            "more than off": f"{100 * (median(steps[name]) / without - 1):.1f} %",
            "loss alone, forward and backward, ms": 1000 * median(losses[name]),
        }
        for name in variants
    ]


def contrast_seconds(work: Work, batch: tuple[Tensor, Tensor], **changes: Any) -> float:
    """Seconds of the loss and its backward pass down to the embeddings."""
    recipe = work.recipe(**changes)
    settings, (images, label_map) = recipe.settings, batch
    with torch_runtime(settings, work.device), seeded(0, work.device):
        state = recipe.begin(0, None)
        with torch.no_grad():
            outputs = state.network(state.network.normalise(images), embed=settings.reco_weight > 0)
        if outputs.embeddings is None:
            return 0.0
        embeddings = outputs.embeddings.requires_grad_()

        def run() -> None:
            contrast = ContrastSettings.of(settings)
            _backward(
                regional_contrast(embeddings, outputs.logits, label_map, contrast, state.contrast_generator)
            )
            embeddings.grad = None

        return _seconds(run, work.num_steps, work.wait)


def _seconds(run: Callable[[], None], times: int, wait: Callable[[], None]) -> float:
    """Of one call, after one to warm up."""
    run()
    wait()
    start = time.perf_counter()
    for _ in range(times):
        run()
    wait()
    return (time.perf_counter() - start) / times


def _backward(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare


def _network(work: Work) -> SegmentationNetwork:
    return work.recipe().fresh_network(0).eval()


def _row(what: str, bare: list[float], ours: list[float]) -> dict[str, Any]:
    pairs = [own / limit for own, limit in zip(ours, bare, strict=True)]
    return {
        "loop": what,
        "bare ms/image": 1000 * median(bare),
        "ours ms/image": 1000 * median(ours),
        "ours / bare": median(ours) / median(bare),
        "lowest pair": min(pairs),
        "highest pair": max(pairs),
    }


def _work(options: argparse.Namespace) -> Work:
    height, width = options.native
    scenes = [render_scene(3, index, height=height, width=width) for index in range(options.images)]
    region_map = grid_partition(height, width, options.region_px).region_map
    encoded = EncodedScenes(
        jpegs=[encode_jpeg(image, quality=92) for image, _ in scenes],
        label_maps=[label_map for _, label_map in scenes],
        region_map_png=encode_region_map(region_map),
        num_images=options.images,
    )
    plain = RoundSettings.from_mapping({"method": options.method, "reco_negatives": Negatives.SHARED})
    batches = (plain.batch_supervised, plain.batch_labelled + plain.batch_unlabelled)
    settings = dataclasses.replace(
        plain,
        image_height_px=options.height,
        image_width_px=options.width,
        image_steps=options.steps * sum(batches),
        generation_0_share=batches[0] / sum(batches),
        # each pixel gets its pseudo label, so that the contrast has as much to do as in the bare loop
        pseudo_label_threshold=0.0,
        # the loss of a short training on few images must stay a number
        lr_encoder=min(0.001, plain.lr_encoder),
        lr_heads=min(0.01, plain.lr_heads),
        num_threads=options.threads,
        device=options.device,
    )
    return Work(settings, encoded, options.steps, options.repeats)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", type=Method, choices=list(Method), default=Method.S4AL_PLUS)
    parser.add_argument("--height", type=int, default=180, help="training size")
    parser.add_argument("--width", type=int, default=240)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=24, help="of each generation; at least 40 on a GPU")
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="tiny: does it run, not how fast")
    parser.set_defaults(native=(360, 480), region_px=30, memory_images=[100, 1000])
    options = parser.parse_args()
    if options.quick:
        small = {"height": 48, "width": 64, "repeats": 1, "steps": 6, "images": 6, "native": (96, 128)}
        small |= {"region_px": 12, "memory_images": [6, 24]}
        vars(options).update(small)
    fewest = 4 if options.device == "cpu" else 40
    if options.steps < fewest:
        parser.error(f"--steps {options.steps}: at least {fewest}, or there is nothing between two reports")
    return options


if __name__ == "__main__":
    main()
