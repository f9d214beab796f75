# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sums over clusters against a slow count; what they and the clustering need in memory."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from instance_seg_ros.benchmark.live_memory import peak_bytes
from instance_seg_ros.inference.cluster_sums import sum_clusters
from instance_seg_ros.inference.cuda_graph_engine import CudaGraphEngine
from instance_seg_ros.inference.device_settings import DeviceSettings
from instance_seg_ros.inference.mask_geometry import count_boundary_sides
from instance_seg_ros.inference.pixel_bands import row_bands


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 1000))
def test_sums_against_a_slow_count(height, width, slots, seed):
    """Areas, sides and profiles exactly, means up to the fixed point."""
    random = np.random.default_rng(seed)
    slot = random.integers(0, slots + 1, (2, height, width)).astype(np.int16)
    distance, probability = random.random((2, 2, height, width), np.float32)
    of_row, of_column = (random.integers(0, 4, (2, n)).astype(np.int32) for n in (height, width))
    sums = sum_clusters(*(torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in (
        slot, slots, distance, probability, of_row, of_column)))
    for n in range(2):
        number = np.where(slot[n] == slots, 0, slot[n] + 1)
        sides = count_boundary_sides(number, slots)
        for k in range(slots):
            inside = slot[n] == k
            assert sums.area[n, k] == inside.sum() and sums.sides[n, k] == sides[k]
            assert (sums.rows[n, k].numpy() == inside @ of_column[n]).all()
            assert (sums.columns[n, k].numpy() == of_row[n] @ inside).all()
            for got, values in ((sums.distance, distance), (sums.probability, probability)):
                wanted = values[n][inside].mean() if inside.any() else 0.
                assert got[n, k] == pytest.approx(wanted, abs=1e-4)


@pytest.mark.skipif(torch.__version__.startswith('2.1.'), reason='PyTorch 2.1 copies more')
@pytest.mark.parametrize('size, batch, half', [
    ((1024, 512), 1, torch.float16), ((1024, 512), 1, torch.float32),
    ((768, 384), 6, torch.float16)])
def test_clustering_takes_less_than_40_mb_an_image(size, batch, half):
    """From the network's outputs to the block for the host, counted on tensors without values."""
    width, height = size
    with FakeTensorMode():
        engine = CudaGraphEngine(torch.nn.Identity(), (.5,) * 3, (.5,) * 3,
                                 np.arange(19, dtype=np.uint8), torch.device('cpu'), True)
        logits, embeddings = (torch.empty(batch, channels, height, width, dtype=half)
                              for channels in (19, 8))
        where = DeviceSettings((batch, height, width), engine.label_ids, torch.device('cpu'))
        assert peak_bytes(lambda: engine.cluster_batch(logits, embeddings, where)) < 40e6 * batch


@given(st.integers(1, 500), st.integers(1, 9000), st.integers(1, 1000))
def test_bands_cover_the_rows_once(height, width, per_pixel):
    rows = [y for band in row_bands(height, width, per_pixel) for y in range(height)[band]]
    assert rows == list(range(height))
