# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write the layouts of RViz and Foxglove for the cameras of a parameters file.

``python3 -m instance_seg_ros.visualization.write_layouts cameras.yaml OUT`` writes OUT.rviz and
OUT.json; ``... write_layouts --shipped FOLDER`` those in FOLDER, config/ of a checkout.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..node_config.parameter_file import read_parameters
from ..node_config.parameters import AllSettings
from .foxglove_layout import foxglove_layout
from .panes import camera_panes
from .rviz_layout import BASE_FRAME, rviz_layout, rviz_text

NODE = '/instance_seg'
COMMENT = """RViz: the overlay and, for one camera, its classes and instances in colours.
Written by instance_seg_ros.visualization.write_layouts; the launch files write one for the
cameras that they are given."""
SHIPPED = ('instance_seg', 'multi_camera')
"""Parameters files in config/ that have layouts there."""


def shipped_layouts(config: Path) -> Iterator[tuple[Path, str]]:
    """Yield file and text of each layout in the folder config/."""
    for name in SHIPPED:
        settings = read_parameters(config / f'{name}.yaml')
        # Topics of a single camera stay relative: they are those of RViz's namespace.
        layout = rviz_layout(camera_panes(settings, NODE.lstrip('/')))
        yield config / 'rviz' / f'{name}.rviz', rviz_text(layout, COMMENT)
        yield config / 'foxglove' / f'{name}.json', foxglove_text(settings)
        yield config / 'foxglove' / f'{name}_3d.json', foxglove_text(_with_positions(settings))


def foxglove_text(settings: AllSettings, node: str = NODE, fixed_frame: str = BASE_FRAME) -> str:
    """Return the text of a Foxglove layout."""
    panes = camera_panes(settings, node, node.rpartition('/')[0])
    return json.dumps(foxglove_layout(panes, fixed_frame), indent=2) + '\n'


def _with_positions(settings: AllSettings) -> AllSettings:
    return AllSettings(settings.node, {
        name: replace(camera, detections_3d='ground')
        for name, camera in settings.cameras.items()})


def write(settings: AllSettings, output: Path, node: str, fixed_frame: str) -> None:
    """Write output.rviz and output.json."""
    panes = camera_panes(settings, node, node.rpartition('/')[0])
    text = rviz_text(rviz_layout(panes, fixed_frame), COMMENT)
    output.with_name(f'{output.name}.rviz').write_text(text, encoding='utf-8')
    output.with_name(f'{output.name}.json').write_text(
        foxglove_text(settings, node, fixed_frame), encoding='utf-8')


def main() -> None:
    """Write the layouts."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('params_file', type=Path, nargs='?', help='parameters of the node (YAML)')
    parser.add_argument('output', type=Path, nargs='?', help='files to write, without ending')
    parser.add_argument('--node', default=NODE, help=f'full name of the node (default {NODE})')
    parser.add_argument('--fixed-frame', default=BASE_FRAME, help='of the 3D view')
    parser.add_argument('--shipped', type=Path, metavar='FOLDER', help='write those in config/')
    args = parser.parse_args()
    if args.shipped:
        for path, text in shipped_layouts(args.shipped):
            path.write_text(text, encoding='utf-8')
    elif args.params_file and args.output:
        write(read_parameters(args.params_file, args.node), args.output, args.node,
              args.fixed_frame)
    else:
        parser.error('give params_file and output, or --shipped')


if __name__ == '__main__':
    main()
