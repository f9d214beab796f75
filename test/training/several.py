# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A program that trains the tiny network in several processes: FOLDER OUTPUT DEVICES."""
import sys
from pathlib import Path

sys.path[:0] = map(str, Path(__file__).resolve().parents[1:3])

from training.streets import TINY, run_of  # noqa: E402

from instance_seg_ros.training.run import train  # noqa: E402

if __name__ == '__main__':
    folder, output, devices = sys.argv[1:]
    train(run_of(Path(folder), Path(output), base=TINY, devices=int(devices)))
