# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Outputs that are not finite: such pixels are invalid, everything else stays as it is."""

import numpy as np
import pytest
import torch
from inference.test_segmenter import Painted, street

from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.cuda_graph_engine import CudaGraphEngine
from instance_seg_ros.inference.segmenter import InstanceSegmenter

CAR = 13


class Damaged(Painted):
    """Writes a value into pixels of one of the outputs: 3 of a car, 2 of the background."""

    def __init__(self, output, channel, value):
        super().__init__()
        self.output, self.channel, self.value = output, channel, value

    def forward(self, images):
        """Return the exact outputs, damaged."""
        outputs = super().forward(images)
        outputs[self.output][:, self.channel, 30, 20:23] = self.value
        outputs[self.output][:, self.channel, 2, :2] = self.value
        return outputs


def segmenter(engine, network):
    """Return a segmenter on the CPU with one of the engines."""
    checkpoint = random_checkpoint()
    result = InstanceSegmenter(checkpoint, input_size=(128, 64), device='cpu')
    result._engine.network = network
    if engine is CudaGraphEngine:
        result._engine = CudaGraphEngine(
            network, checkpoint.mean, checkpoint.std, result.label_set.ids, result.device, False)
    return result


@pytest.fixture(params=[None, CudaGraphEngine], ids=['eager', 'fixed shapes'])
def engine(request):
    """Return a kind of engine."""
    return request.param


@pytest.mark.parametrize('value', [np.nan, np.inf])
@pytest.mark.parametrize('channel', [0, CAR])
def test_logits(engine, value, channel):
    """Such pixels have no class, are counted, and spoil no score."""
    result = segmenter(engine, Damaged(0, channel, value))(street())
    wanted = segmenter(engine, Painted())(street())
    assert result.invalid_pixels == 5
    assert len(result.instances) == 3
    for got, whole in zip(result.instances, wanted.instances, strict=True):
        assert got.score == pytest.approx(whole.score, abs=1e-3)
    assert not result.class_mask[60:62, 40:46].any() and not result.class_mask[4:6, :4].any()
    assert not result.instance_mask[60:62, 40:46].any()
    result.check_pixels()


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, 1e30])
def test_embeddings(engine, value):
    """Pixels of thing classes have no instance and are counted; others need no embedding."""
    result = segmenter(engine, Damaged(1, 5, value))(street())
    assert result.invalid_pixels == 3 and len(result.instances) == 3
    assert (result.class_mask[60:62, 40:46] == 26).all()
    assert not result.instance_mask[60:62, 40:46].any()


def test_logits_of_minus_infinity_are_a_class_that_is_ruled_out(engine):
    result = segmenter(engine, Damaged(0, 3, -np.inf))(street())
    assert result.invalid_pixels == 0 and len(result.instances) == 3


def test_nothing_finite_at_all(engine):
    """An image without a class, not an error."""
    class Lost(Painted):
        def forward(self, images):
            return tuple(torch.full_like(x, torch.nan) for x in super().forward(images))

    result = segmenter(engine, Lost())(street())
    assert result.instances == () and result.invalid_pixels == 128 * 64
    assert not result.class_mask.any()
