# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The drive that tracking is timed on, and the table."""

import argparse

import numpy as np

from instance_seg_ros.benchmark import load_benchmark, tracking


def test_the_drive_can_be_followed():
    """Numbers change from frame to frame, the objects' embeddings do not."""
    frames = tracking.drive((320, 240), 3, seed=1)
    followed = tracking.follow(frames)
    of_number = {}
    for found in followed:
        found.check_pixels()
        for instance in found.instances:
            first = of_number.setdefault(instance.id, instance.embedding)
            assert np.array_equal(first, instance.embedding)
    assert len(of_number) == 3
    assert len({tuple(i.embedding[0] for i in f.instances) for f in frames}) > 1


def test_the_table():
    """A row of each method; ours costs less."""
    parser = argparse.ArgumentParser()
    benchmark = load_benchmark('tracking')
    benchmark.add_arguments(parser)
    report = benchmark.run(parser.parse_args(
        ['--sizes', '320x240', '--instances', '8', '--repeats', '2']))
    assert [r['method'] for r in report.rows] == ['masks pair by pair', 'ours']
    baseline, ours = report.rows
    assert 0 < ours['best_ms'] <= ours['median_ms'] < baseline['median_ms']
