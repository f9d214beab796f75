# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engine for CUDA gives what the eager one gives; here on the CPU, without any capture.

What only a GPU can show, the capture itself, is in test_gpu.py.
"""

import numpy as np
import pytest
import torch
from inference.test_segmenter import Painted, street
from torch._subclasses.fake_tensor import FakeTensorMode

from instance_seg_ros.core.errors import DeviceError
from instance_seg_ros.core.stages import SEGMENTER_STAGES
from instance_seg_ros.inference import cuda_graph_engine
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.cuda_graph_capture import DirectRecorder, DirectStep
from instance_seg_ros.inference.cuda_graph_engine import CudaGraphEngine
from instance_seg_ros.inference.device_settings import DeviceSettings
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


class Counted(Painted):
    """Keeps the batch sizes it has seen."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def forward(self, images):
        """Do what the exact network does."""
        self.batches.append(len(images))
        return super().forward(images)


def test_more_clusters_than_there_are_columns(both, monkeypatch):
    """Such an image comes out whole; the network does not run again."""
    plain, replaying = both
    usual = cuda_graph_engine.BatchedMeanShift
    monkeypatch.setattr(cuda_graph_engine, 'BatchedMeanShift', lambda: usual(max_clusters=1))
    network = replaying._engine.network = Counted()
    replaying.warm_up()
    network.batches.clear()
    equal(plain(street()), replaying(street()))
    assert len(replaying(street()).instances) == 3 and network.batches == [1, 1]


def test_small_clusters_need_no_columns():
    """Completeness is judged after the least area: 40 clusters of 4 pixels are not missed."""
    kind = torch.zeros(1, 20, 40, dtype=torch.long)
    embeddings = torch.zeros(1, 8, 20, 40)
    kind[0, 10:], kind[0, 0] = 13, 13
    embeddings[0, 0, 0] = torch.arange(40).div(4, rounding_mode='floor') * 3. + 5
    settings = DeviceSettings((1, 20, 40), np.arange(19, dtype=np.uint8), torch.device('cpu'))
    settings.write((1.5,), (13,), ((40, 20),))
    found = cuda_graph_engine.BatchedMeanShift(max_clusters=1)(
        embeddings, kind, torch.ones(1, 20, 40), settings)
    assert found.complete.all() and found.area.tolist() == [[400]]


def test_captured_sizes_are_one_and_the_largest(both):
    """The largest first; other batches are padded or split, and nothing is captured for them."""
    plain, replaying = both
    sizes = []

    class Recorder(DirectRecorder):
        def __call__(self, work):
            step = DirectStep(work)
            if step.outputs[0].ndim == 4 and step.outputs[0].shape[1] == 3:
                sizes.append(len(step.outputs[0]))
            return step

    engine = replaying._engine
    engine._recorder, network = Recorder(), Counted()
    engine.network = network
    replaying.warm_up(4)
    replaying.warm_up(3)
    assert sizes == [4, 1] and engine.batch_sizes == (1, 4)
    images = [street()[:, ::flip].copy() for flip in (1, -1)] + [street(300, 90)] * 3
    for count, passes in ((1, [1]), (2, [4]), (3, [4]), (5, [4, 1])):
        network.batches.clear()
        together = replaying(images[:count])
        assert network.batches == passes and len(together) == count
        for image, one in zip(images, together, strict=False):
            equal(plain(image), one)
    assert sizes == [4, 1]


def test_a_padded_batch_leaves_nothing_behind(both):
    """Two images after four, then one again: results are those of the images given."""
    plain, replaying = both
    replaying.warm_up(4)
    replaying([street()] * 4)
    for one in replaying([street(300, 90), street()[:, ::-1].copy()]):
        one.check_pixels()
    equal(plain(street(300, 90)), replaying([street(300, 90), street()])[0])


def test_a_failed_capture_is_a_device_error(both):
    """It reaches who warms the segmenter up; the segmenter can still be closed."""
    class Failing(DirectRecorder):
        def __call__(self, work):
            raise DeviceError('CUDA graph capture failed: x', process_lost=True)

    replaying = both[1]
    replaying._engine._recorder = Failing()
    with pytest.raises(DeviceError, match='capture failed'):
        replaying.warm_up(2)
    assert replaying._engine.batch_sizes == ()
    replaying.close()


def test_every_stage_is_timed(both):
    """Under the names that the plain engine uses."""
    timings = both[1](street()).timings_ms
    assert set(timings) == set(SEGMENTER_STAGES) and all(v > 0 for v in timings.values())


@pytest.mark.parametrize('groups', [(), ((11, 12), (13, 14))])
def test_only_the_results_make_the_host_wait(groups):
    """The work between input and results runs on tensors that have no values."""
    with FakeTensorMode():
        device = torch.device('cpu')
        engine = CudaGraphEngine(Painted(), (.5,) * 3, (.5,) * 3, np.arange(19, dtype=np.uint8),
                              device, True, groups=groups)
        logits, embeddings = (torch.empty(2, c, 32, 64) for c in (19, 8))
        batch = engine.normalise(torch.zeros(2, 32, 64, 3, dtype=torch.uint8))
        assert batch.dtype == torch.float16 and batch.shape == (2, 3, 32, 64)
        found = engine.cluster_batch(logits, embeddings,
                                     DeviceSettings((2, 32, 64), engine.label_ids, device, groups))
        assert {name: tuple(x.shape) for name, x in found.items()} == {
            'class_mask': (2, 32, 64), 'label_image': (2, 32, 64), 'mode': (2, 128, 8),
            'rows': (2, 128, 32), 'columns': (2, 128, 64), 'invalid': (2,), 'unclaimed': (2,),
            'complete': (2,)} | {
                name: (2, 128) for name in ('class_index', 'area', 'spread', 'margin',
                                            'probability', 'sides')}
