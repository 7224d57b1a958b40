from pathlib import Path

import numpy as np
import pytest

from segloop.folders import open_folder
from segloop.label_maps import decode_index_png
from segloop.scenery.classes import SceneClass
from segloop.scenes import SCENE_CLASSES, main, render_scene
from segloop.settings import Split


def test_a_scene_follows_from_its_seed_and_index_alone() -> None:
    image, label_map = render_scene(3, 5)
    again, label_map_again = render_scene(3, 5)
    assert image.shape == (240, 320, 3)
    assert label_map.shape == (240, 320)
    assert image.dtype == label_map.dtype == np.uint8
    assert np.array_equal(image, again)
    assert np.array_equal(label_map, label_map_again)
    assert not np.array_equal(image, render_scene(3, 6)[0])
    assert not np.array_equal(image, render_scene(4, 5)[0])


@pytest.mark.parametrize(("height", "width"), [(90, 120), (181, 243), (16, 16)])
def test_any_size_is_drawn(height: int, width: int) -> None:
    image, label_map = render_scene(0, 0, height=height, width=width)
    assert image.shape == (height, width, 3)
    assert label_map.shape == (height, width)


def test_every_class_occurs_and_rare_ones_are_rare() -> None:
    scenes = [render_scene(0, index, height=120, width=160)[1] for index in range(30)]
    share = np.bincount(
        np.concatenate([label_map.ravel() for label_map in scenes]), minlength=len(SCENE_CLASSES)
    )
    share = share / share.sum()
    assert len(share) == len(SCENE_CLASSES)
    assert (share > 0).all()
    assert share[SceneClass.ROAD] > 0.1
    assert share[[SceneClass.SIGN, SceneClass.PEDESTRIAN, SceneClass.CYCLIST]].max() < 0.03


def test_colour_alone_does_not_tell_the_class() -> None:
    """The nearest mean colour, the best a colour look-up of this kind can do, misses most of the picture."""
    images, label_maps = zip(
        *(render_scene(1, index, height=90, width=120) for index in range(20)), strict=True
    )
    pixels = np.concatenate([image.reshape(-1, 3) for image in images]).astype(np.float64)
    labels = np.concatenate([label_map.ravel() for label_map in label_maps])
    present = np.unique(labels)
    means = np.array([pixels[labels == label].mean(axis=0) for label in present])
    guess = present[((pixels[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)]
    assert (guess == labels).mean() < 0.5


def test_the_command_writes_a_dataset_folder(tmp_path: Path) -> None:
    main([str(tmp_path), "--num", "5", "--seed", "2", "--height", "48", "--width", "64"])
    images = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("images/*/*.png"))
    assert images == [
        "images/test/scene_00004.png",
        "images/train/scene_00000.png",
        "images/train/scene_00001.png",
        "images/train/scene_00002.png",
        "images/val/scene_00003.png",
    ]
    label_map = decode_index_png((tmp_path / "labels/val/scene_00003.png").read_bytes())
    assert np.array_equal(label_map, render_scene(2, 3, height=48, width=64)[1])
    dataset = open_folder(tmp_path)
    assert list(zip(dataset.class_names, dataset.colors, strict=True)) == list(SCENE_CLASSES)
    assert [item.split for item in dataset.images] == [Split.POOL] * 3 + [Split.VALIDATION, Split.TEST]


def test_scenes_are_the_ones_drawn_elsewhere() -> None:
    """Counts and means of one scene as first drawn; edges may move where maths libraries differ."""
    image, label_map = render_scene(0, 0, height=120, width=160)
    counts = [6114, 703, 7049, 0, 499, 112, 19, 3572, 146, 0, 986]
    assert np.bincount(label_map.ravel(), minlength=11) == pytest.approx(counts, abs=20)
    assert image.mean(axis=(0, 1)) == pytest.approx([81.92, 87.68, 100.43], abs=0.3)


def test_a_surface_that_reaches_behind_the_viewer_stays_in_range() -> None:
    image, label_map = render_scene(2, 372, height=120, width=160)  # its air overflowed once

    assert image.std() > 5
    assert label_map.max() < len(SCENE_CLASSES)
