# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clusters as named arrays: one length, selection, transfer, measurement."""

import numpy as np
import pytest
import torch

from instance_seg_ros.inference.cluster_measurement import measure_clusters
from instance_seg_ros.inference.clusters import NO_CLASS, ClusterTensors
from instance_seg_ros.inference.packed_tensors import Layout, pack

LABEL_IMAGE = torch.zeros(10, 20, dtype=torch.int32)
LABEL_IMAGE[:4, :5], LABEL_IMAGE[6:9, 8:14], LABEL_IMAGE[0, 15:18] = 1, 2, 3


def tensors(**changes):
    """Return three clusters, of the class channels 11, 13 and 13."""
    columns = {'class_index': torch.tensor([11, 13, 13]), 'area': torch.tensor([20, 18, 3]),
               'spread': torch.tensor([.1, .2, .3]), 'margin': torch.tensor([3., 2., 2.]),
               'mode': torch.arange(24.).view(3, 8), 'probability': torch.tensor([.9, .8, .7])}
    return ClusterTensors(LABEL_IMAGE, invalid=torch.tensor(5), **columns | changes)


def measured(**changes):
    """Return the same on the host, of an image twice as wide and high as the grid."""
    return measure_clusters(LABEL_IMAGE.numpy().astype(np.uint8), tensors(**changes).arrays(),
                            (40, 20))


def test_columns_are_of_one_length():
    with pytest.raises(ValueError, match=r"expected columns of shape \(3,\), got \{'spread'"):
        tensors(spread=torch.zeros(2))


def test_clusters_are_measured_in_the_image():
    clusters = measured()
    assert clusters.boxes.tolist() == [[0, 0, 10, 8], [16, 12, 28, 18], [30, 0, 36, 2]]
    assert clusters.image_area.tolist() == [80, 72, 12] and clusters.area.tolist() == [20, 18, 3]
    assert clusters.sides.tolist() == [18, 18, 8] and clusters.invalid == 5
    assert clusters.mode.dtype == np.float32 and clusters.mode.shape == (3, 8)


def test_unused_columns_are_left_out():
    arrays = tensors(class_index=torch.tensor([11, 13, NO_CLASS])).arrays()
    arrays['label_image'] = np.where(LABEL_IMAGE == 3, 0, LABEL_IMAGE)
    clusters = measure_clusters(LABEL_IMAGE.numpy().astype(np.uint8), arrays, (40, 20))
    assert len(clusters) == 2 and clusters.boxes.shape == (2, 4)


def test_selected_clusters_are_renumbered():
    clusters = measured()
    for keep in (clusters.area > 10, np.array([0, 1])):
        large = clusters[keep]
        assert large.probability.tolist() == pytest.approx([.9, .8])
        assert np.array_equal(large.label_image, np.where(LABEL_IMAGE == 3, 0, LABEL_IMAGE))
    last = clusters[clusters.class_index == 13]
    assert np.unique(last.label_image).tolist() == [0, 1, 2] and len(last) == 2
    assert (last.label_image == 2).sum() == 3 and last.quality is None
    assert len(clusters[np.zeros(3, bool)]) == 0


def test_they_print_their_sizes():
    assert repr(tensors()) == 'ClusterTensors(3 columns, 20x10, cpu)'
    assert repr(measured()) == ('ClusterArrays(3 clusters by class channel {11: 1, 13: 2}, 20x10 '
                                'of an image 40x20, 5 invalid pixels)')


def test_tensors_of_any_dtype_travel_in_one_block():
    sent = tensors(area=torch.tensor([20, 18, 3], dtype=torch.int16)).tensors() | {
        'class_mask': torch.arange(7, dtype=torch.uint8), 'flag': torch.tensor([True, False])}
    block = pack(sent)
    layout = Layout.of(sent)
    assert block.dtype == torch.uint8 and len(block) == layout.size
    received = layout.unpack(block.numpy())
    assert received.keys() == sent.keys()
    for name, tensor in sent.items():
        assert received[name].dtype == tensor.numpy().dtype
        assert np.array_equal(received[name], tensor.numpy())
