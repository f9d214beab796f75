# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is read from a bag, against what was written into it."""

import numpy as np
import pytest
from review.recordings import found, record

from instance_seg_ros.bags.reader import Bag
from instance_seg_ros.errors import UserError
from instance_seg_ros.review.moments import moments
from instance_seg_ros.review.recording import read_cameras
from instance_seg_ros.review.summary import rows, summarize


def test_counts_times_and_classes(tmp_path):
    """Frames, rate, drops, latency, instances: each as it was written."""
    with Bag(record(tmp_path / 'bag')) as bag:
        camera, = read_cameras(bag)
    summary = summarize(camera)
    assert summary['frames'] == {'in the bag': 12, 'segmented': 10,
                                 'dropped': {'without a mask': 2}}
    assert summary['rate_hz'] == 10 and summary['longest_gap_ms'] == 100
    assert summary['instances']['car'] == {'total': 10, 'a_frame': 1.0, 'ids': 1}
    assert summary['instances']['person']['total'] == 5
    assert summary['camera_to_mask_ms']['p50'] == 30
    assert summary['stages_ms']['total']['p50'] == 14.5
    assert ('dropped', '2 without a mask') in rows(summary)
    assert camera.label_set.name == 'cityscapes'


@pytest.mark.parametrize('pictures, overlay', [(True, False), (False, True), (False, False)])
def test_moments_put_pictures_and_masks_together(tmp_path, pictures, overlay):
    """Every frame once, with its own masks, for each of two cameras."""
    path = record(tmp_path / 'bag', 6, ('left', 'right'), pictures, overlay=overlay)
    with Bag(path) as bag:
        cameras = read_cameras(bag)
        all_moments = list(moments(bag, cameras))
        chosen = {c.prefix: c.stamps[1:2] for c in cameras}
        some = list(moments(bag, cameras, chosen))
    assert sorted({c.name for c in cameras}) == ['instance_seg left', 'instance_seg right']
    assert len(all_moments) == 8 and len(some) == 2
    for moment in all_moments:
        k = moment.camera.stamps.index(moment.stamp)
        assert (moment.instance_mask == found(k).instance_mask).all()
        assert [(i.id, i.box) for i in moment.found().instances] == [
            (i.id, i.box) for i in found(k).instances]
        assert (moment.picture is not None) == (pictures or overlay)
        if overlay:
            assert (moment.picture == np.uint8(20 * k % 255)).all()


def test_a_bag_without_our_outputs_is_refused(tmp_path):
    """The sentence says what to do."""
    from instance_seg_ros.bags import BagWriter, Topic, images
    with BagWriter(tmp_path / 'bag') as writer:
        writer.write(Topic.of('/a', 'sensor_msgs/msg/Image'), 5, images.serialize_image(
            images.header(5, 'x'), 'mono8', np.zeros((2, 2), np.uint8)))
    with Bag(tmp_path / 'bag') as bag, pytest.raises(UserError, match='process-bag'):
        read_cameras(bag)
