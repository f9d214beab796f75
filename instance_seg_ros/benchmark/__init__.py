# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measurements, each of a baseline and of this package in one run.

A benchmark is a module with `add_arguments(parser)` and `run(args) -> Report`.
"""

from importlib import import_module
from types import ModuleType

BENCHMARKS = {
    'loss': 'forward and backward of the loss, vs. one-hot expansion',
    'networks': "Table 2 of the paper: speed, parameters, memory, vs. the paper's",
    'clustering': 'ours, the released procedure, MeanShift and HDBSCAN of scikit-learn',
    'pipeline': 'every stage from image to masks, vs. the network only',
    'lidar': '3D positions of a frame from ground, depth image and lidar',
    'tracking': 'tracking of a frame, vs. the overlap of every pair of masks',
    'scoring': 'the official score of frames in memory, vs. the official code on files',
    'memory': 'memory in use after 100, 1000 and 10,000 frames',
    'engines': 'agreement of all engines on labelled frames: the same instances and score',
    'peers': 'PyTorch, OpenVINO and ONNX Runtime in turn, vs. YOLO11n-seg where installed',
    'gpu': 'everything on a CUDA device, with its roofline',
    'profile': 'what one frame runs, in order, in microseconds',
    'bag': 'process-bag, vs. the segmenter alone on the same frames',
    'node': 'camera to mask through ROS 2, vs. a bare echo node',
    'node-memory': "memory of the node's process after 100, 1000 and 10,000 frames",
}
_NEED_ROS = {'node': 'ros.node', 'node-memory': 'ros.node_memory'}


def load_benchmark(name: str) -> ModuleType:
    """Import a benchmark; none pays for another's dependencies."""
    return import_module(f'{__name__}.{_NEED_ROS.get(name, name)}')
