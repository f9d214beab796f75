# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The demo as a process, with a node whose segmenter is fast and finds the same always."""

import json
import sys
from pathlib import Path

from instance_seg_ros.bags.playback import Playback
from instance_seg_ros.ros.tools.demo import DemoOptions, run_demo

NODE = Path(__file__).parents[1] / 'ros' / 'fakes.py'


def main(source: str, output: str, rate: str = '1') -> None:
    report = run_demo(DemoOptions(Path(source), Path(output), playback=Playback(float(rate)),
                                  command=(sys.executable, str(NODE))))
    print(report.table())
    print(json.dumps({'report': report.to_dict(), 'violation': report.violation()}))


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
