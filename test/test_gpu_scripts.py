# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The commands for a machine with a GPU: what they refuse, and how data is packed."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from checkout import ROOT
from training.streets import write_city

from instance_seg_ros.datasets import open_dataset


def script(name, *args):
    """Run a script; return its status and what it wrote to both streams."""
    done = subprocess.run([ROOT / 'scripts' / name, *map(str, args)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, 'PYTHON': sys.executable})
    return done.returncode, done.stdout


@pytest.mark.parametrize('name, args, text', [
    ('gpu_check.sh', ['--fast'], 'unknown argument --fast'),
    ('gpu_check.sh', ['--minutes', 'ten'], 'not a number'),
    ('gpu_train.sh', ['--minutes', '1'], 'name the folders of the data'),
    ('gpu_train.sh', ['data'], '--minutes'), ('gpu_train.sh', ['--fast'], 'unknown argument')])
def test_wrong_arguments(name, args, text):
    """End with status 2 and a sentence."""
    status, output = script(name, *args)
    assert status == 2 and text in output


@pytest.mark.skipif(torch.cuda.is_available(), reason='needs a machine without CUDA')
def test_without_a_gpu_the_check_names_the_rehearsal(tmp_path):
    status, output = script('gpu_check.sh', '--output', tmp_path)
    assert status == 2 and '--rehearse' in output


def test_packed_data_are_the_same_data_smaller(tmp_path):
    """Classes and instances as if the frames had been resized after reading; resumed, kept."""
    city = write_city(tmp_path / 'city')
    original = open_dataset(city, 'train', 'cityscapes')
    width = original[0].image.shape[1] // 2
    for _ in range(2):
        status, output = script('pack_dataset.py', city, '--output', tmp_path / 'packed',
                                '--width', width)
        assert status == 0 and f'train: {len(original)} frames' in output
    packed = open_dataset(tmp_path / 'packed', 'train', 'cityscapes')
    assert len(packed) == len(original)
    for k in range(len(original)):
        small = original[k].scaled((width, original[k].image.shape[0] // 2))
        assert np.array_equal(packed[k].classes, small.classes)
        assert np.array_equal(packed[k].instances, small.instances)
        assert abs(packed[k].image.astype(int) - small.image).mean() < 8


def test_a_folder_without_data_is_refused(tmp_path):
    status, output = script('pack_dataset.py', tmp_path, '--output', tmp_path / 'packed')
    assert status == 2 and 'left out' in output
