# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of the segmenter that several verbs share."""

import argparse

import numpy as np

from instance_seg_ros import arguments as options
from instance_seg_ros.inference.checkpoint import random_checkpoint


def test_two_checkpoints_make_one_segmenter(tmp_path):
    """Embeddings of one file, classes of the other, at the size that was asked for."""
    files = {task: tmp_path / f'{task}.safetensors' for task in ('embedding', 'semantic')}
    for task, path in files.items():
        random_checkpoint(network='enet', task=task).save(path)
    parser = argparse.ArgumentParser()
    options.add_segmenter_arguments(parser)
    segmenter = options.make_segmenter(parser.parse_args([
        '--checkpoint', str(files['embedding']), '--semantic-checkpoint', str(files['semantic']),
        '--input-size', '64x64', '--device', 'cpu']))
    logits, embeddings = segmenter.infer([np.zeros((64, 64, 3), np.uint8)])
    assert logits.shape == (1, 19, 64, 64) and embeddings.shape == (1, 8, 64, 64)
