# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engine for CUDA gives what the plain one gives; here on the CPU, where nothing is recorded.

What only a GPU can show, the recording itself, is in test_gpu.py.
"""

import numpy as np
import pytest
import torch
from inference.test_segmenter import Painted, street
from torch._subclasses.fake_tensor import FakeTensorMode

from instance_seg_ros.inference import cuda_graph_engine as replay
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.cuda_graph_engine import CudaGraphEngine
from instance_seg_ros.inference.device_settings import DeviceSettings
from instance_seg_ros.inference.eager_engine import STAGES
from instance_seg_ros.inference.segmenter import InstanceSegmenter


@pytest.fixture
def both():
    """Return two segmenters with the same exact network, plain and replaying."""
    checkpoint = random_checkpoint()
    segmenters = [InstanceSegmenter(checkpoint, input_size=(128, 64), device='cpu')
                  for _ in range(2)]
    for segmenter in segmenters:
        segmenter._engine.network = Painted()
    plain = segmenters[0]._engine
    segmenters[1]._engine = CudaGraphEngine(Painted(), checkpoint.mean, checkpoint.std,
                                         plain.label_ids, plain.device, False)
    return segmenters


def equal(one, other):
    """Compare masks and records; scores differ by rounding."""
    assert np.array_equal(one.class_mask, other.class_mask)
    assert np.array_equal(one.instance_mask, other.instance_mask)
    for a, b in zip(one.instances, other.instances, strict=True):
        assert (a.id, a.box, a.area) == (b.id, b.box, b.area)
        assert a.score == pytest.approx(b.score, abs=5e-3)


def test_same_masks_and_records(both):
    """For one image, again, and for a batch of other sizes."""
    plain, replaying = both
    for image in (street(), street()[:, ::-1].copy(), street(300, 90)):
        equal(plain(image), replaying(image))
    images = [street(), street(300, 90), np.zeros((64, 64, 3), np.uint8)]
    for one, other in zip(plain(images), replaying(images), strict=True):
        equal(one, other)
        other.check_pixels()


def test_results_outlive_the_next_image(both):
    """Nothing handed out lies in the fixed places that the next image writes to."""
    _, replaying = both
    first = replaying(street())
    kept = first.instance_mask.copy(), first.class_mask.copy()
    replaying(np.zeros((128, 256, 3), np.uint8))
    assert np.array_equal(first.instance_mask, kept[0])
    assert np.array_equal(first.class_mask, kept[1])


def test_settings_change_between_images(both):
    """Classes and bandwidth reach the recorded work."""
    plain, replaying = both
    assert len(replaying(street()).instances) == 3
    for change in ({'classes': ['person']}, {'classes': ['car']}, {'bandwidth': {'car': 30.}}):
        for segmenter in both:
            segmenter.configure(**change)
        equal(plain(street()), replaying(street()))
    assert len(replaying(street()).instances) == 1


def test_more_instances_than_there_is_room_for(both, monkeypatch):
    """Such an image goes the long way and comes out whole."""
    plain, replaying = both
    usual = replay.BatchedMeanShift
    monkeypatch.setattr(replay, 'BatchedMeanShift', lambda: usual(room=1))
    equal(plain(street()), replaying(street()))
    assert len(replaying(street()).instances) == 3


def test_every_stage_is_timed(both):
    """Under the names that the plain engine uses."""
    timings = both[1](street()).timings_ms
    assert set(timings) == {*STAGES, 'masks'} and all(v > 0 for v in timings.values())


def test_only_the_results_make_the_host_wait():
    """The work between input and results runs on tensors that have no values."""
    with FakeTensorMode():
        device = torch.device('cpu')
        engine = CudaGraphEngine(Painted(), (.5,) * 3, (.5,) * 3, np.arange(19, dtype=np.uint8),
                              device, True)
        logits, embeddings = (torch.empty(2, c, 32, 64) for c in (19, 8))
        batch = engine.normalise(torch.zeros(2, 32, 64, 3, dtype=torch.uint8))
        assert batch.dtype == torch.float16 and batch.shape == (2, 3, 32, 64)
        found = engine.cluster(logits, embeddings,
                               DeviceSettings((2, 32, 64), engine.label_ids, device))
        assert {name: tuple(x.shape) for name, x in found.items()} == {
            'class_mask': (2, 32, 64), 'label_image': (2, 32, 64), 'mode': (2, 128, 8),
            'rows': (2, 128, 32), 'columns': (2, 128, 64), 'invalid': (2,), 'complete': (2,)} | {
                name: (2, 128) for name in ('class_index', 'area', 'spread', 'margin',
                                            'probability', 'sides')}
