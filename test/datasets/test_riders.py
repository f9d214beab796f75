# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.pasting import paste
from instance_seg_ros.datasets.riders import collect_riders
from instance_seg_ros.datasets.sample import Sample

CITY = LabelSet.named('cityscapes')
ROAD, RIDER, BICYCLE, MOTORCYCLE = map(
    CITY.names.index, ('road', 'rider', 'bicycle', 'motorcycle'))


def ride(*parts, instances=()) -> Sample:
    """Return a road with boxes (class, top, bottom, left, right), instances likewise."""
    classes = np.full((160, 200), ROAD, np.uint8)
    numbers = np.zeros(classes.shape, np.uint16)
    for index, top, bottom, left, right in parts:
        classes[top:bottom, left:right] = index
    for value, top, bottom, left, right in instances:
        numbers[top:bottom, left:right] = value
    return Sample('ride', np.full((160, 200, 3), 120, np.uint8), classes, numbers)


PERSON_ON_BICYCLE = ((RIDER, 40, 80, 60, 80), (BICYCLE, 80, 110, 55, 90))


def test_a_rider_is_cut_out_with_the_bicycle():
    cutout, = collect_riders(ride(*PERSON_ON_BICYCLE), CITY)
    opaque = cutout.rgba[..., 3] > 127
    assert cutout.label == 'rider'
    assert set(cutout.parts[opaque]) == {RIDER, BICYCLE}
    assert np.count_nonzero(cutout.parts[opaque] == BICYCLE) == pytest.approx(30 * 35, rel=.05)


def test_labels_of_a_second_vehicle_count_as_the_rider():
    cutout, = collect_riders(ride(*PERSON_ON_BICYCLE, (MOTORCYCLE, 50, 60, 60, 80)), CITY)
    assert MOTORCYCLE not in cutout.parts


@pytest.mark.parametrize('parts, instances', [
    (PERSON_ON_BICYCLE[:1], ()),                                        # on foot, as it were
    (PERSON_ON_BICYCLE[1:], ()),                                        # no rider
    (((BICYCLE, 40, 80, 60, 80), (RIDER, 80, 110, 55, 90)), ()),        # upside down
    (((RIDER, 40, 80, 60, 80), (BICYCLE, 80, 84, 60, 80)), ()),         # next to nothing ridden
    (((RIDER, 0, 40, 60, 80), (BICYCLE, 40, 70, 55, 90)), ()),          # cut off by the border
    (((RIDER, 40, 80, 20, 180), (BICYCLE, 80, 110, 20, 180)), ()),      # a crowd
    (PERSON_ON_BICYCLE, ((25000, 40, 80, 60, 70), (25001, 40, 80, 70, 80),
                         (33000, 80, 110, 55, 90))),                    # two on one bicycle
])
def test_what_is_not_one_rider_is_left(parts, instances):
    assert collect_riders(ride(*parts, instances=instances), CITY) == []


def test_label_sets_without_riders_have_none():
    assert collect_riders(ride(*PERSON_ON_BICYCLE), LabelSet.named('camvid')) == []


def test_pasting_gives_rider_and_bicycle_an_instance_each():
    cutouts = collect_riders(ride(*PERSON_ON_BICYCLE), CITY)
    pasted = paste(ride(), cutouts, CITY, np.random.default_rng(0), 3)
    for index in (RIDER, BICYCLE):
        mask = pasted.classes == index
        assert mask.any()
        known = pasted.instances[mask & (pasted.instances > 0)]
        assert set(known // 1000) == {CITY.labels[index].id}
    assert not pasted.instances[pasted.classes == ROAD].any()
