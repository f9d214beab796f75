# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is read from a bag, against what was written into it."""

import numpy as np
import pytest
from review.recordings import BEGIN, PERIOD, found, record

from instance_seg_ros.bags.reader import Bag
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.perception.overlay import OverlayStyle, draw_overlay
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


@pytest.mark.parametrize('images, overlay', [(True, False), (False, True), (False, False)])
def test_moments_put_images_and_masks_together(tmp_path, images, overlay):
    """Every frame once, with its own masks, for each of two cameras."""
    path = record(tmp_path / 'bag', 6, ('left', 'right'), images, overlay=overlay)
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
        assert (moment.display_image is not None) == (images or overlay)
        if overlay:
            image = np.full((48, 64, 3), 20 * k % 255, np.uint8)
            assert (moment.display_image == draw_overlay(image, found(k), OverlayStyle())).all()


@pytest.mark.parametrize('stamp_of, ambiguous', [
    (lambda k: 0, 10), (lambda k: BEGIN + max(k, 1) * PERIOD, 2),
    (lambda k: 0 if k == 0 else BEGIN + k * PERIOD, 0)],
    ids=['all zero', 'two alike', 'first zero'])
def test_frames_whose_stamps_are_of_no_use_are_counted(tmp_path, stamp_of, ambiguous):
    """Each of them, at the time of its recording; the summary says so."""
    with Bag(record(tmp_path / 'bag', stamp_of=stamp_of)) as bag:
        camera, = read_cameras(bag)
        whole = [m for m in moments(bag, [camera]) if m.image is not None
                 and m.instance_mask is not None]
    summary = summarize(camera)
    assert summary['frames'] == {'in the bag': 12, 'segmented': 10,
                                 'dropped': {'without a mask': 2}}
    assert summary['rate_hz'] == 10 and summary['longest_gap_ms'] == 100
    assert summary['instances']['car'] == {'total': 10, 'a_frame': 1.0, 'ids': 1}
    assert 'camera_to_mask_ms' not in summary
    assert summary['frames_sharing_a_stamp'] == ambiguous == 10 - len(whole)
    assert ('share the stamp' if ambiguous else 'leap') in dict(rows(summary))['clock']


def test_frames_that_share_a_stamp_are_told_by_the_time_of_recording(tmp_path):
    """As process-bag writes them: with the image they were made from, not with another."""
    with Bag(record(tmp_path / 'bag', 6, stamp_of=lambda k: 0, delay=0)) as bag:
        camera, = read_cameras(bag)
        all_moments = list(moments(bag, [camera], {camera.prefix: camera.stamps}))
    assert [m.stamp for m in all_moments] == [BEGIN + k * PERIOD for k in range(4)]
    for k, moment in enumerate(all_moments):
        assert (moment.image == 20 * k).all()
        assert (moment.instance_mask == found(k).instance_mask).all()


@pytest.mark.parametrize('stamp_of, agrees', [(lambda k: 0, False),
                                              (lambda k: BEGIN + k * PERIOD, True)])
def test_one_stamp_of_all_frames_tells_no_topic(tmp_path, stamp_of, agrees):
    """Of two cameras either may have made images that all say zero."""
    with Bag(record(tmp_path / 'bag', 6, ('left', 'right'), stamp_of=stamp_of)) as bag:
        cameras = read_cameras(bag)
    assert [c.images for c in cameras] == ([6, 6] if agrees else [0, 0])
    assert [len(c.stamps) for c in cameras] == [4, 4]


def unreadable(bag, prefix):
    """Return what stands for `bag.messages` when all below the prefix is damaged."""
    rest = [m for m in bag.messages() if not m.topic.name.startswith(prefix)]
    return lambda *_: iter(rest)


def test_a_camera_of_which_nothing_can_be_read_is_left_out(tmp_path):
    """With a second camera the rest is reported; alone the bag is refused with the reason."""
    with Bag(record(tmp_path / 'bag', cameras=('left', 'right'))) as bag:
        bag.messages = unreadable(bag, '/instance_seg/left/')
        assert [c.name for c in read_cameras(bag)] == ['instance_seg right']
        bag.messages = unreadable(bag, '/instance_seg/')
        with pytest.raises(UserError, match='none can be read'):
            read_cameras(bag)


def test_a_bag_without_our_outputs_is_refused(tmp_path):
    """The sentence says what to do."""
    from instance_seg_ros.bags import BagWriter, Topic, images
    with BagWriter(tmp_path / 'bag') as writer:
        writer.write(Topic.of('/a', 'sensor_msgs/msg/Image'), 5, images.serialize_image(
            images.header(5, 'x'), 'mono8', np.zeros((2, 2), np.uint8)))
    with Bag(tmp_path / 'bag') as bag, pytest.raises(UserError, match='process-bag'):
        read_cameras(bag)


def test_stamps_that_cannot_be_those_of_a_camera(tmp_path):
    """A counter in the stamps gives no rate of a billion hertz."""
    with Bag(record(tmp_path / 'bag', stamp_of=lambda k: BEGIN + k)) as bag:
        camera, = read_cameras(bag)
    summary = summarize(camera)
    assert summary['rate_hz'] is None
    assert dict(rows(summary))['rate'].startswith('unknown: 10 frames within ')
