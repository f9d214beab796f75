# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""On real frames the engine for CUDA finds what the engine for CPUs finds."""

import pytest

from instance_seg_ros.benchmark.engines import REFERENCE, compare, make_segmenters
from instance_seg_ros.datasets import recognise
from instance_seg_ros.evaluation.frames import open_frames
from instance_seg_ros.inference.checkpoint import Checkpoint, default_checkpoint


@pytest.fixture(scope='module')
def segmenters():
    """Return both engines with the shipped weights, at half the usual size."""
    return make_segmenters(Checkpoint.load(default_checkpoint()), 'cpu', (384, 192))


@pytest.mark.parametrize('folder, split', [
    ('streets_val', 'val'), ('kitti_mots_0005', 'val'), ('camvid', 'val')])
def test_engines_agree_on_real_frames(shared_data, segmenters, folder, split):
    """The same instances but for borders, the same score up to two percent."""
    data = shared_data / folder
    frames = open_frames(recognise(data), data, split, 2)
    reference, fixed = compare(segmenters, frames)
    assert reference['engine'] == REFERENCE and reference['ari'] == 1
    assert fixed['ari'] > .9 and fixed['least_ari'] > .5
    assert reference['instances'] > 0
    assert abs(fixed['instances'] - reference['instances']) <= 2
    if reference['ap'] is not None:
        assert fixed['ap'] == pytest.approx(reference['ap'], abs=.02)
