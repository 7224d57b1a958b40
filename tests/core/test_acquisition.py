import math
import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from segloop import inference
from segloop.acquisition import (
    PixelView,
    PoolSummary,
    PoolView,
    RegionView,
    check_acquisition,
    class_weights,
    find_acquisition,
    maximum_score,
    pixel_scores,
)
from segloop.acquisitions import coreset
from segloop.budgets import Budget
from segloop.devices import seeded, torch_runtime
from segloop.errors import EmptyPoolError, SettingsError, ShapeError
from segloop.network import SegmentationNetwork, build_network
from segloop.regions import Partition, grid_partition
from segloop.rounds import PlannedQuery, plan_queries
from segloop.scoring import ImageScores, score_images, summarise_pool
from segloop.settings import Acquisition, Quota, RoundSettings
from segloop.sources import ArraySource

PER_PIXEL = [name for name in Acquisition if find_acquisition(name).pixel_scores is not None]
NUM_CLASSES = 4
SIZE = (40, 48)
SETTINGS = RoundSettings(
    encoder="mobilenet_v2",
    encoder_weights="random",
    embedding_dim=16,
    image_height_px=SIZE[0],
    image_width_px=SIZE[1],
    score_scales=(0.5, 1.0),
    dropout_passes=3,
    quota=Quota.GLOBAL,
    num_threads=1,
)


def _probs(num_classes: int = 5, batch: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(batch)
    return torch.randn(batch, num_classes, 6, 7, generator=generator).mul(2).softmax(dim=1)


def _view(probs: Tensor) -> PixelView:
    """With everything any function may read, made up."""
    generator = torch.Generator().manual_seed(9)
    shape = (len(probs), 8, *probs.shape[2:])
    passes = [_probs(probs.shape[1], len(probs) + number)[: len(probs)] for number in range(3)]
    return PixelView(
        probs=probs,
        passes=lambda: iter(passes),
        embeddings=torch.randn(shape, generator=generator),
        prototypes=torch.randn(3, 8, generator=generator),
    )


def _bits(p: list[float]) -> float:
    return -sum(value * math.log2(value) for value in p if value > 0)


def _plain(name: str, view: PixelView, b: int, y: int, x: int) -> float:  # noqa: PLR0911 - one a function
    p = [float(value) for value in view.probs[b, :, y, x]]
    ranked = sorted(p, reverse=True)
    match name:
        case "entropy":
            return _bits(p)
        case "ripu":
            return _bits(p) / math.log2(len(p))
        case "margin":
            return 1 - (ranked[0] - ranked[1])
        case "bvsb":
            return ranked[1] / ranked[0]
        case "least_confidence":
            return (1 - ranked[0]) / (1 - 1 / len(p))
        case "bald":
            assert view.passes is not None
            passes = [[float(value) for value in one[b, :, y, x]] for one in view.passes()]
            mean = [sum(column) / len(passes) for column in zip(*passes, strict=True)]
            return _bits(mean) - sum(map(_bits, passes)) / len(passes)
        case "prototype_distance":
            assert view.embeddings is not None
            assert view.prototypes is not None
            e = view.embeddings[b, :, y, x].tolist()
            return (1 - max(_cosine(e, row.tolist()) for row in view.prototypes)) / 2
    raise AssertionError(f"{name} scores pixels: write down its plain loop here")


def _cosine(a: list[float], b: list[float]) -> float:
    dot = sum(left * right for left, right in zip(a, b, strict=True))
    return dot / math.sqrt(sum(value * value for value in a) * sum(value * value for value in b))


@pytest.mark.parametrize("acquisition", PER_PIXEL)
def test_pixel_scores_equal_the_plain_loop(acquisition: Acquisition) -> None:
    view = _view(_probs())
    found = pixel_scores(view, acquisition)
    for b, y, x in product(range(2), range(6), range(7)):
        expected = _plain(acquisition.value, view, b, y, x)
        assert float(found[b, y, x]) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("acquisition", list(Acquisition))
@pytest.mark.parametrize("num_classes", [2, 11, 150])
def test_pixel_scores_keep_the_contract(acquisition: Acquisition, num_classes: int) -> None:
    """Finite within 0..maximum, unsure never below sure, the input as it was, the same each time."""
    sure = torch.zeros(num_classes)
    sure[1] = 1.0
    unsure = torch.full((num_classes,), 1 / num_classes)
    probs = torch.stack([sure, unsure], dim=1).view(1, num_classes, 1, 2)
    view = replace(_view(probs), passes=lambda: iter([probs, probs.roll(1, dims=1)]))
    before = probs.clone()
    scores = pixel_scores(view, acquisition)
    assert torch.equal(probs, before)
    assert torch.equal(scores, pixel_scores(view, acquisition))
    assert scores.isfinite().all()
    low, high = scores.amin().item(), scores.amax().item()
    assert 0 <= low <= high <= maximum_score(acquisition, num_classes) * (1 + 1e-5)
    function = find_acquisition(acquisition)
    if function.pixel_scores is not None and not (function.reads_passes or function.reads_embeddings):
        assert scores.flatten().tolist() == pytest.approx(
            [0, maximum_score(acquisition, num_classes)], rel=1e-5, abs=1e-5
        )


def test_underflowed_probabilities_score_finite_numbers() -> None:
    probs = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    for acquisition in Acquisition:
        view = replace(_view(probs), passes=lambda: iter([probs, probs.half().float()]))
        assert pixel_scores(view, acquisition).isfinite().all()


def test_bald_is_zero_where_passes_agree_and_a_bit_where_two_are_sure_of_different_classes() -> None:
    sure, other = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
    passes = [torch.stack([sure, sure], 1).view(1, 3, 1, 2), torch.stack([sure, other], 1).view(1, 3, 1, 2)]
    scores = pixel_scores(PixelView(passes[0], lambda: iter(passes)), Acquisition("bald"))
    torch.testing.assert_close(scores, torch.tensor([[[0.0, 1.0]]]))


def test_ripu_asks_where_classes_meet_and_the_model_is_unsure() -> None:
    function = find_acquisition(Acquisition("ripu")).region_scores
    assert function is not None
    counts = np.array([[10, 0, 0, 0], [5, 5, 0, 0], [3, 3, 3, 3], [0, 0, 0, 0]])
    scores = function(RegionView(np.array([0.5, 0.5, 0.2, 0.0], np.float32), counts))
    np.testing.assert_allclose(scores, [0, 0.5 * 0.5, 0.2, 0], atol=1e-6)


def test_coreset_order_equals_greedy_k_centre() -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(4, 6, 3)).astype(np.float32)
    asked = rng.random((4, 6)) < 0.2
    images, regions = np.nonzero(~asked)
    view = PoolView(
        image_index=images.astype(np.int32),
        region_index=regions.astype(np.int32),
        scores=np.zeros(len(images), np.float32),
        images=range(4),
        asked=lambda image: asked[image],
        region_features=lambda image: features[image],
        num_wanted=3,
        rng=rng,
    )
    scores = coreset.pool_scores(view)
    centres = [row.tolist() for row in features[asked]]
    points = features[images, regions]
    for place in np.argsort(-scores, kind="stable")[:6]:
        distances = [min(math.dist(point.tolist(), centre) for centre in centres) for point in points]
        assert scores[place] == pytest.approx(max(distances), rel=1e-3)
        assert distances[int(place)] == pytest.approx(max(distances), rel=1e-3)
        centres.append(points[int(place)].tolist())


def test_a_large_pool_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coreset, "MAX_CANDIDATES", 10)
    features = np.random.default_rng(0).normal(size=(1, 30, 3)).astype(np.float32)
    view = PoolView(
        image_index=np.zeros(30, np.int32),
        region_index=np.arange(30, dtype=np.int32),
        scores=np.zeros(30, np.float32),
        images=[0],
        asked=lambda _: np.zeros(30, np.bool_),
        region_features=lambda image: features[image],
        num_wanted=4,
        rng=np.random.default_rng(1),
    )
    assert (coreset.pool_scores(view) > 0).sum() == 10


class Loop:
    """A tiny pool, partly answered, scored by a network that is never the same sure of anything."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.images = [rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8) for _ in range(5)]
        self.partition = grid_partition(*SIZE, 8)
        self.asked = rng.random((5, self.partition.num_regions)) < 0.3
        label_maps = [
            np.where(asked[self.partition.region_map], rng.integers(0, NUM_CLASSES, SIZE), 255).astype(
                np.uint8
            )
            for asked in self.asked
        ]
        self.source = ArraySource(self.images, label_maps)
        self.network = _network(self.images)

    def score(self, settings: RoundSettings) -> dict[int, ImageScores]:
        summary = summarise_pool(self.network, self.source, settings)
        return dict(score_images(self.network, self.source, self._partition, settings, summary=summary))

    def plan(
        self, settings: RoundSettings, scores: dict[int, ImageScores] | None = None, num_regions: int = 9
    ) -> list[PlannedQuery]:
        scored = scores or self.score(settings)

        def features(index: int) -> NDArray[np.float16]:
            found = scored[index].region_features
            assert found is not None
            return found

        return plan_queries(
            ((index, one.region_scores) for index, one in scored.items()),
            self._partition,
            lambda index: self.asked[index].copy(),
            budget=Budget(regions=num_regions),
            settings=settings,
            round_number=2,
            region_features=features,
        )

    def _partition(self, _: int) -> Partition:
        return self.partition


def _network(images: list[NDArray[np.uint8]]) -> SegmentationNetwork:
    """Random weights, but batch normalisation that has seen the images: else all features are about 0."""
    network = build_network(SETTINGS, NUM_CLASSES, torch.Generator().manual_seed(0))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad(), seeded(0), torch_runtime(SETTINGS, torch.device("cpu")):
        network(network.normalise(torch.from_numpy(np.stack(images))))
    return network.eval()


@pytest.fixture(scope="module")
def loop() -> Loop:
    return Loop()


@pytest.mark.parametrize("acquisition", list(Acquisition))
def test_every_acquisition_keeps_the_contract_in_the_loop(loop: Loop, acquisition: Acquisition) -> None:
    """Finite scores of the right shape; what is asked was not asked before, comes highest first and again."""
    settings = replace(SETTINGS, acquisition=acquisition)
    scores = loop.score(settings)
    for one in scores.values():
        assert one.region_scores.shape == (loop.partition.num_regions,)
        assert one.region_scores.dtype == np.float32
        assert np.isfinite(one.region_scores).all()
        assert one.heat.shape == SIZE
    planned = loop.plan(settings, scores)
    assert planned == loop.plan(settings)
    assert len({(query.image_index, query.region_index) for query in planned}) == 9
    assert not any(loop.asked[query.image_index, query.region_index] for query in planned)
    ranked = [query.score for query in planned]
    assert ranked == sorted(ranked, reverse=True)
    # everything that may be asked is asked when the budget lets it, and nothing outranks what was asked first
    num_open = int((~loop.asked).sum())
    everything = loop.plan(replace(settings, image_cap_factor=1000.0), scores, num_regions=num_open)
    assert len(everything) == num_open
    if find_acquisition(acquisition).pool_scores is None:
        best = max(float(one.region_scores[~loop.asked[index]].max()) for index, one in scores.items())
        assert everything[0].score == pytest.approx(best)


@pytest.mark.parametrize("acquisition", list(Acquisition))
def test_batch_size_changes_no_query(
    loop: Loop, acquisition: Acquisition, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, acquisition=acquisition)
    together = loop.score(settings)
    monkeypatch.setattr(inference, "batch_size_for", lambda *_, **__: 1)
    alone = loop.score(settings)
    for index, one in together.items():
        np.testing.assert_allclose(alone[index].region_scores, one.region_scores, rtol=1e-3, atol=1e-5)
    plans = [loop.plan(settings, scores) for scores in (together, alone)]
    assert [query.score for query in plans[1]] == pytest.approx([query.score for query in plans[0]], rel=1e-3)
    # two regions that score the same up to rounding may change places at the end of the budget
    last = plans[0][-1].score
    surely = [
        {(query.image_index, query.region_index) for query in plan if query.score > last * 1.001}
        for plan in plans
    ]
    assert surely[0] == surely[1]


def test_bald_follows_its_seed(loop: Loop) -> None:
    settings = replace(SETTINGS, acquisition=Acquisition("bald"))
    first, other = loop.score(settings)[0], loop.score(replace(settings, seed=1))[0]
    assert (first.region_scores != other.region_scores).any()
    assert (first.region_scores[~loop.asked[0]] > 0).all()
    np.testing.assert_array_equal(first.prediction, other.prediction)


def test_prototypes_are_the_mean_embeddings_of_answered_pixels(loop: Loop) -> None:
    settings = replace(SETTINGS, acquisition=Acquisition("prototype_distance"))
    found = summarise_pool(loop.network, loop.source, settings).prototypes
    assert found is not None
    sums, counts = np.zeros((NUM_CLASSES, 16)), np.zeros(NUM_CLASSES)
    with torch.inference_mode(), torch_runtime(SETTINGS, torch.device("cpu")):
        for index, image in enumerate(loop.images):
            features = loop.network.encode(loop.network.normalise(torch.from_numpy(image)[None]))
            embeddings = loop.network.representation_head(loop.network.join(features))[0].numpy()
            label_map = loop.source.label_map(index)
            for y, x in product(range(SIZE[0] // 4), range(SIZE[1] // 4)):
                label = label_map[4 * y + 2, 4 * x + 2]
                if label < NUM_CLASSES:
                    sums[label] += embeddings[:, y, x]
                    counts[label] += 1
    np.testing.assert_allclose(found, sums / counts[:, None], rtol=1e-3, atol=1e-5)
    with pytest.raises(EmptyPoolError, match="nothing is answered"):
        summarise_pool(loop.network, ArraySource(loop.images), settings)


def test_nothing_is_computed_of_the_pool_that_scoring_does_not_read(loop: Loop) -> None:
    assert summarise_pool(loop.network, loop.source, SETTINGS) == PoolSummary(None, None)
    balanced = summarise_pool(loop.network, loop.source, replace(SETTINGS, class_balance=6.0))
    assert balanced.class_prior is not None
    assert balanced.prototypes is None


def test_a_summary_survives_json_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    summary = PoolSummary(rng.random(5, np.float32), rng.normal(size=(3, 4)).astype(np.float32))
    again = PoolSummary.from_mapping(summary.to_mapping())
    assert again.class_prior is not None
    assert again.prototypes is not None
    np.testing.assert_array_equal(again.class_prior, summary.class_prior)
    np.testing.assert_array_equal(again.prototypes, summary.prototypes)


def test_common_classes_weigh_less() -> None:
    weights = class_weights(torch.tensor([0.5, 0.1, 0.0]), balance=6.0)
    torch.testing.assert_close(weights, torch.tensor([1 / 16, 1 / 1.6**2, 1.0]))
    torch.testing.assert_close(class_weights(torch.rand(4), balance=0.0), torch.ones(4))


def test_embeddings_that_no_loss_trains_are_refused() -> None:
    settings = RoundSettings(acquisition=Acquisition("prototype_distance"), reco_weight=0.0)
    with pytest.raises(SettingsError, match="reco_weight above 0"):
        check_acquisition(settings)
    check_acquisition(replace(settings, reco_weight=1.0))


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match="B, C, H, W"):
        pixel_scores(PixelView(torch.rand(5, 6, 7)), Acquisition.ENTROPY)
    with pytest.raises(ShapeError, match="at least 2"):
        pixel_scores(PixelView(torch.rand(1, 1, 6, 7)), Acquisition.ENTROPY)


def test_every_function_loads_and_has_help_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from segloop.acquisition import find_acquisition\n"
        "from segloop.settings import Acquisition\n"
        "assert all(find_acquisition(name).help for name in Acquisition)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
