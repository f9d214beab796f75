# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""On real frames all engines find what the eager engine in PyTorch finds."""

import pytest

from instance_seg_ros.benchmark.engines import REFERENCE, RUNTIMES, compare, make_segmenters
from instance_seg_ros.datasets import recognise
from instance_seg_ros.evaluation.frames import open_frames
from instance_seg_ros.inference.checkpoint import Checkpoint, default_checkpoint
from instance_seg_ros.inference.engine_choice import missing_packages


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


@pytest.fixture(scope='module')
def runtimes(tmp_path_factory):
    """Yield segmenters of PyTorch and of the other engines that are installed."""
    installed = [name for name in RUNTIMES if not missing_packages(name)]
    if not installed:
        pytest.skip(f'needs one of {", ".join(RUNTIMES)}, and onnx')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
        made = make_segmenters(Checkpoint.load(default_checkpoint()), 'cpu', (384, 192), installed)
        del made['fixed shapes, cpu']
        yield made


def test_runtimes_agree_on_real_frames(shared_data, runtimes):
    """Rounding moves single pixels: classes, instances and official score are the same."""
    frames = open_frames('cityscapes', shared_data / 'streets_val', 'val', 2)
    reference, *others = compare(runtimes, frames)
    assert reference['engine'] == REFERENCE and reference['instances'] > 0
    for found in others:
        assert found['same_class'] > .9999 and found['least_ari'] > .999
        assert found['instances'] == reference['instances']
        assert found['ap'] == pytest.approx(reference['ap'], abs=.001)
