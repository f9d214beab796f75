# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instance_seg_ros.datasets.check import census
from instance_seg_ros.datasets.sticks import SPLITS, Sticks


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(SPLITS)), st.integers(0, 199), st.integers(64, 160))
def test_an_image_follows_from_split_size_and_index(split, index, size):
    one, two = Sticks(split, size)[index], Sticks(split, size)[index]
    assert one.name == two.name == f'sticks_{split}_{index:06d}'
    for a, b in ((one.image, two.image), (one.instances, two.instances)):
        assert np.array_equal(a, b)
    assert one.image.shape == (size, size, 3) and one.image.dtype == np.uint8
    assert one.instances.dtype == np.uint16
    assert np.array_equal(one.classes == 1, one.instances > 0)
    assert set(np.unique(one.instances)) <= {0, *range(2000, 2008)}


def test_no_image_is_in_two_splits():
    seen = {Sticks(split)[index].image.tobytes() for split in SPLITS for index in range(10)}
    assert len(seen) == 30


def test_there_is_an_end():
    data = Sticks('test', 64)
    assert len(data) == 200
    for index in (200, -1):
        with pytest.raises(IndexError, match='200'):
            data[index]


def boxes(sample):
    return [cv2.boundingRect((sample.instances == v).astype(np.uint8))
            for v in np.unique(sample.instances[sample.instances > 0])]


def iou(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0, width) * max(0, height)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def test_sticks_touch_and_share_their_boxes():
    data = Sticks('test')
    samples = [data[index] for index in range(60)]
    sticks = [boxes(sample) for sample in samples]
    assert min(map(len, sticks)) == 2 and max(map(len, sticks)) == 8
    closest = [max(iou(a, b) for b in found if b is not a) for found in sticks for a in found]
    assert np.median(closest) > .7
    components = [cv2.connectedComponents(sample.classes)[0] - 1 for sample in samples]
    assert sum(components) < .3 * sum(map(len, sticks))


def test_labels_are_where_the_sticks_are_seen():
    """Sticks and background differ in brightness; the outline lies between the two."""
    agreed = []
    for index in range(30):
        sample = Sticks('test')[index]
        light = sample.image.mean(2)
        inside = cv2.erode(sample.classes, np.ones((3, 3))) > 0
        outside = cv2.dilate(sample.classes, np.ones((9, 9))) == 0
        middle = (np.median(light[inside]) + np.median(light[outside])) / 2
        sign = np.sign(np.median(light[inside]) - middle)
        agreed += [((light[inside] - middle) * sign > 0).mean(),
                   ((light[outside] - middle) * sign < 0).mean()]
    assert np.mean(agreed) > .95


def test_the_census_reads_them(capsys):
    class First(Sticks):
        def __len__(self):
            return 5
    data = First('val', 96)
    text = str(census(data, data.label_set))
    assert 'stick' in text and '96x96 (5)' in text and 'broken' not in text
