from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segloop.errors import DatasetError
from segloop.label_maps import UNLABELLED, VOID, decode_index_png, encode_index_png
from segloop.oracle import answer_dominant, answer_region
from segloop.regions import partition
from segloop.rounds import PlannedQuery
from segloop.scenes import render_scene, write_scenes
from segloop.settings import AnnotationKind, PartitionKind, QueryPurpose
from segloop.simulated_pool import SimulatedPool, identify_data, open_data
from segloop.simulation_data import DataConfig, DataKind
from segloop.sources import ArraySource


def truth() -> ArraySource:
    scenes = [render_scene(0, index, height=60, width=80) for index in range(3)]
    label_maps = [label_map.copy() for _, label_map in scenes]
    label_maps[0][:20, :20] = UNLABELLED
    return ArraySource([image for image, _ in scenes], label_maps)


@pytest.mark.parametrize("kind", list(PartitionKind))
@pytest.mark.parametrize("answers", list(AnnotationKind))
def test_the_pool_knows_what_the_oracle_said_and_nothing_else(
    kind: PartitionKind, answers: AnnotationKind
) -> None:
    source = truth()
    pool = SimulatedPool(source, kind=kind, size_px=15, answers=answers)
    assert (pool.label_map(0) == UNLABELLED).all()
    assert pool.dominant_mask(0) is None
    pool.answer([PlannedQuery(0, 0, 0.0), PlannedQuery(2, 3, 0.0), PlannedQuery(0, 5, 0.0)])
    ask = answer_region if answers is AnnotationKind.EXACT else answer_dominant
    num_clicks = 0
    for image, regions in {0: [0, 5], 1: [], 2: [3]}.items():
        parts = partition(kind, source.images[image], 15)
        assert np.array_equal(pool.partition(image).region_map, parts.region_map)
        expected = np.full((60, 80), UNLABELLED, np.uint8)
        for region in regions:
            x, y, w, h = parts.bboxes[region].tolist()
            answer = ask(
                source.label_map(image), parts.region_map[y : y + h, x : x + w] == region, (x, y, w, h)
            )
            window = expected[y : y + h, x : x + w]
            window[answer.label_map != UNLABELLED] = answer.label_map[answer.label_map != UNLABELLED]
            num_clicks += answer.num_clicks
        assert np.array_equal(pool.label_map(image), expected)
        assert np.flatnonzero(pool.asked(image)).tolist() == regions
    assert (pool.label_map(0)[:10, :10] == VOID).all()
    assert (pool.num_regions, pool.num_clicks) == (3, num_clicks)
    asked = sum(int((pool.label_map(image) != UNLABELLED).sum()) for image in range(3))
    assert pool.num_labelled_pixels == asked
    assert pool.num_pixels() == 3 * 60 * 80
    mask = pool.dominant_mask(2)
    if answers is AnnotationKind.EXACT:
        assert mask is None
    else:
        assert mask is not None
        np.testing.assert_array_equal(mask, pool.label_map(2) != UNLABELLED)


def test_a_whole_image_is_outlined_once() -> None:
    source = truth()
    pool = SimulatedPool(source, kind=PartitionKind.GRID, size_px=15, answers=AnnotationKind.EXACT)
    pool.answer(PlannedQuery(1, region, 0.0) for region in range(pool.partition(1).num_regions))
    whole = answer_region(source.label_map(1), np.ones((60, 80), np.bool_), (0, 0, 80, 60))
    assert pool.num_clicks == whole.num_clicks
    assert np.array_equal(pool.label_map(1), source.label_map(1))


def test_a_written_folder_and_drawn_scenes_are_opened(tmp_path: Path) -> None:
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    names, pool, test = open_data(DataConfig(kind=DataKind.FOLDER, path=str(tmp_path)))
    drawn = open_data(DataConfig(num_pool=3, num_test=2, seed=4, height_px=48, width_px=64))
    assert names == drawn[0]
    assert (len(pool), len(test)) == (3, 1)
    assert pool.filename(0) == "scene_00000.png"
    assert np.array_equal(pool.image(2), drawn[1].image(2))
    assert np.array_equal(test.label_map(0), drawn[2].label_map(1))
    assert pool.dominant_mask(0) is None


def test_a_folder_without_a_test_split_is_refused(tmp_path: Path) -> None:
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    (tmp_path / "images/test/scene_00004.png").unlink()
    (tmp_path / "labels/test/scene_00004.png").unlink()
    with pytest.raises(DatasetError, match="3 images in train and 0 in test"):
        open_data(DataConfig(kind=DataKind.FOLDER, path=str(tmp_path)))


@pytest.mark.parametrize(("split", "name"), [("train", "scene_00001"), ("test", "scene_00004")])
def test_an_image_without_a_label_map_is_named_at_the_start(tmp_path: Path, split: str, name: str) -> None:
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    (tmp_path / f"labels/{split}/{name}.png").unlink()
    with pytest.raises(DatasetError, match=rf"{split}/{name}\.png has no label map \(1 of 4 such images\)"):
        open_data(DataConfig(kind=DataKind.FOLDER, path=str(tmp_path)))
    validation = next((tmp_path / "images/val").iterdir()).name
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    (tmp_path / "labels/val" / validation).unlink()
    open_data(DataConfig(kind=DataKind.FOLDER, path=str(tmp_path)))  # nothing is measured on it


def identity_of(folder: Path, **values: Any) -> dict[str, Any]:
    config = DataConfig(kind=DataKind.FOLDER, path=str(folder), **values)
    _, pool, measured = open_data(config)
    return identify_data(config, pool, measured)


def test_data_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    for name in ("here", "there"):
        write_scenes(tmp_path / name, num=10, seed=4, height=48, width=64)
    here, there = tmp_path / "here", tmp_path / "there"
    known = identity_of(here)
    assert identity_of(there) == known
    assert identity_of(here, hold_out="scene_0000[0-2]*") != known
    label = next((there / "labels/test").iterdir())
    pixels = decode_index_png(label.read_bytes()).copy()
    pixels[0, 0] = (pixels[0, 0] + 1) % 11
    label.write_bytes(encode_index_png(pixels))
    changed = identity_of(there)
    assert (changed["pool"] == known["pool"], changed["measured"] == known["measured"]) == (True, False)
    image = next((there / "images/train").iterdir())
    image.write_bytes(image.read_bytes() + b"0")
    assert identity_of(there)["pool"] != known["pool"]
    image.rename(image.with_name("renamed.png"))
    old = there / "labels/train" / image.name
    old.rename(old.with_name("renamed.png"))
    assert identity_of(there)["pool"] not in {known["pool"], changed["pool"]}


def test_label_maps_mean_what_their_classes_say(tmp_path: Path) -> None:
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    known = identity_of(tmp_path)
    classes = tmp_path / "classes.json"
    classes.write_text(classes.read_text().replace('"sky"', '"heaven"'))
    assert identity_of(tmp_path)["pool"] != known["pool"]


def test_drawn_scenes_are_known_by_how_they_are_drawn() -> None:
    nothing = ArraySource([])
    assert identify_data(DataConfig(num_pool=3), nothing, nothing) == {"scenes": {"num_pool": 3}}
    assert identify_data(DataConfig(path="unused"), nothing, nothing) == {"scenes": {}}


def test_audits_cost_and_are_no_labelled_pixels() -> None:
    pool = SimulatedPool(truth(), kind=PartitionKind.GRID, size_px=15, answers=AnnotationKind.EXACT)
    pool.answer([PlannedQuery(0, 3, 0.0)])
    num_clicks, num_pixels = pool.num_clicks, pool.num_labelled_pixels
    assert num_pixels == 15 * 15
    pool.answer([PlannedQuery(0, 4, 0.0, QueryPurpose.AUDIT), PlannedQuery(1, 0, 0.0, QueryPurpose.AUDIT)])
    assert pool.num_regions == 3
    assert pool.num_clicks > num_clicks
    assert pool.num_labelled_pixels == num_pixels
    assert sum(int((pool.label_map(index) != UNLABELLED).sum()) for index in range(3)) == num_pixels


def test_an_audit_is_outlined_though_other_regions_get_one_class() -> None:
    clicks = {}
    for answers in AnnotationKind:
        pool = SimulatedPool(truth(), kind=PartitionKind.GRID, size_px=30, answers=answers)
        pool.answer([PlannedQuery(0, 3, 0.0)])
        before = pool.num_clicks
        pool.answer([PlannedQuery(0, 2, 0.0, QueryPurpose.AUDIT)])
        clicks[answers] = pool.num_clicks - before
    assert clicks[AnnotationKind.DOMINANT] == clicks[AnnotationKind.EXACT] > 1


def test_a_held_out_sequence_leaves_the_pool_and_is_measured_on(tmp_path: Path) -> None:
    write_scenes(tmp_path, num=10, seed=4, height=48, width=64)
    config = DataConfig(
        kind=DataKind.FOLDER, path=str(tmp_path), hold_out="scene_0000[0-2]*", hold_out_every=2
    )
    names = [path.name for path in sorted((tmp_path / "images/train").iterdir())]
    _, pool, measured = open_data(config)
    assert [pool.filename(at) for at in range(len(pool))] == names[3:]
    assert [measured.filename(at) for at in range(len(measured))] == [names[0], names[2]]


def test_a_pattern_that_fits_no_image_is_refused(tmp_path: Path) -> None:
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    with pytest.raises(DatasetError, match=r"3 images in train and 0 in train held out as moon\*"):
        open_data(DataConfig(kind=DataKind.FOLDER, path=str(tmp_path), hold_out="moon*"))


def test_what_was_asked_is_counted_by_class() -> None:
    source = truth()
    pool = SimulatedPool(source, kind=PartitionKind.GRID, size_px=15, answers=AnnotationKind.EXACT)
    pool.answer([PlannedQuery(0, 3, 0.0), PlannedQuery(2, 5, 0.0)])
    expected = np.zeros(11, np.int64)
    for index in range(len(pool)):
        known = pool.label_map(index)
        for label in range(11):
            expected[label] += (known == label).sum()
    np.testing.assert_array_equal(pool.asked_per_class(11), expected)
