# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is found in a part of an image lies where it was seen in the whole one."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.image_codec import ImageError
from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.perception.image_region import ImageRegion, read_ego_mask

LABELS = LabelSet.named('cityscapes')
IDS = np.array([0, 24000, 24001, 26000, 33002], np.uint16)


def find(part):
    """Find in an image what its red channel says, as a segmenter would: in the part's frame."""
    instance_mask = IDS[part[..., 0] % len(IDS)]
    return InstanceMap.from_masks(LABELS, (instance_mask // 1000).astype(np.uint8), instance_mask)


@st.composite
def cases(draw):
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    seed = draw(st.integers(0, 2**32 - 1))
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    roi = (draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1)),
           draw(st.integers(0, 14)), draw(st.integers(0, 14)))
    return image, roi, draw(st.sampled_from((0, 90, 180, 270)))


@given(cases())
def test_the_part_comes_back_to_where_it_was(case):
    image, roi, rotation = case
    view = ImageRegion(roi, rotation)
    found = view.restore(find(view.extract(image)), image.shape)
    x, y, w, h = roi
    expected = np.zeros(image.shape[:2], np.uint16)
    inside = (slice(y, y + h if h else None), slice(x, x + w if w else None))
    expected[inside] = IDS[image[inside][..., 0] % len(IDS)]
    assert np.array_equal(found.instance_mask, expected)
    assert np.array_equal(found.class_mask, expected // 1000)
    found.check_pixels()


@given(cases(), st.integers(0, 2**32 - 1))
def test_nothing_is_found_on_the_vehicle_itself(case, seed):
    image, roi, rotation = case
    ego = np.random.default_rng(seed).random(image.shape[:2]) < 0.5
    view = ImageRegion(roi, rotation, ego)
    without = ImageRegion(roi, rotation).restore(find(view.extract(image)), image.shape)
    found = view.restore(find(view.extract(image)), image.shape)
    assert not found.instance_mask[ego].any() and not found.class_mask[ego].any()
    assert np.array_equal(found.instance_mask[~ego], without.instance_mask[~ego])
    found.check_pixels()


def test_rotation_is_clockwise():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 255
    assert ImageRegion(rotation=90).extract(image)[0, 1].all()
    assert ImageRegion(rotation=180).extract(image)[1, 2].all()
    assert ImageRegion(rotation=270).extract(image)[2, 0].all()


def test_the_whole_image_is_not_copied_and_a_crop_neither():
    image = np.zeros((4, 6, 3), np.uint8)
    assert np.shares_memory(ImageRegion().extract(image), image)
    assert np.shares_memory(ImageRegion((1, 1, 2, 2)).extract(image), image)
    found = find(image)
    assert ImageRegion().restore(found, image.shape) is found


def test_polygons_and_mask_files_mark_the_same_pixels(tmp_path):
    image = np.ones((20, 30, 3), np.uint8)
    polygons = [[(0, 15), (29, 15), (29, 19), (0, 19)]]
    mask = np.zeros((20, 30), np.uint8)
    mask[15:] = 255
    cv2.imwrite(str(tmp_path / 'ego.png'), mask)
    by_polygon = ImageRegion(ego_mask=polygons).restore(find(image), image.shape)
    by_file = ImageRegion(ego_mask=read_ego_mask(str(tmp_path / 'ego.png'))).restore(
        find(image), image.shape)
    assert np.array_equal(by_polygon.instance_mask, by_file.instance_mask)
    assert not by_polygon.instance_mask[15:].any() and by_polygon.instance_mask[:15].all()


def test_an_ego_mask_of_another_size_is_scaled():
    image = np.ones((20, 30, 3), np.uint8)
    half = np.zeros((10, 15), bool)
    half[5:] = True
    found = ImageRegion(ego_mask=half).restore(find(image), image.shape)
    assert not found.instance_mask[10:].any() and found.instance_mask[:10].all()


def test_what_does_not_fit_is_named(tmp_path):
    with pytest.raises(ImageError, match='roi') as error:
        ImageRegion((6, 0, 2, 2)).extract(np.zeros((4, 6, 3), np.uint8))
    assert error.value.kind == 'roi_outside'
    with pytest.raises(UserError, match='none.png'):
        read_ego_mask(str(tmp_path / 'none.png'))
