# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Replay street footage into the real ROS 2 node and show what comes out."""

import argparse
import difflib
from pathlib import Path

from .. import arguments as options
from ..bags.playback import Playback
from ..core.errors import UserError
from ..core.package_data import share_file
from ..io.results import write_json

SHIPPED = 'config/demo/street'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('source', nargs='?', metavar='BAG_OR_VIDEO',
                        help='ROS 2 bag or video file (default: the shipped demo bag)')
    parser.add_argument('--image-topic', metavar='TOPIC',
                        help='image topics to use if the bag has several')
    parser.add_argument('--output', default='demo_output', metavar='FOLDER',
                        help='folder for recording, video, contact sheet and report (demo_output)')
    parser.add_argument('--rate', type=float, default=1.0, metavar='R',
                        help='playback speed relative to the recording (default 1)')
    parser.add_argument('--start', type=float, default=0.0, metavar='SECONDS',
                        help='start offset in the footage')
    parser.add_argument('--duration', type=float, metavar='SECONDS',
                        help='duration of the footage to use')
    parser.add_argument('--domain', type=_domain, metavar='ID',
                        help='ROS domain, 0 to 232 (default: an unused one)')
    parser.add_argument('--param', type=_parameter, action='append', default=[],
                        metavar='NAME:=VALUE',
                        help='parameter of the node, such as device:=cpu; may be repeated')
    parser.add_argument('--json', type=options.result_file, metavar='FILE',
                        help='write the summary as JSON')


def run(args: argparse.Namespace) -> int:
    """Run the demo; 1 when frames got lost from the account."""
    from ..ros.tools.demo import DemoOptions, run_demo

    output = Path(args.output)
    report = run_demo(DemoOptions(
        source=Path(args.source) if args.source else _shipped(), output=output,
        image_topic=args.image_topic,
        playback=Playback(args.rate, args.start, args.duration),
        domain=args.domain, parameters=tuple(args.param)))
    print(f'\n{report.table()}\n')
    for name, what in (('overlay.mp4', 'film'), ('contact_sheet.png', 'contact sheet'),
                       ('recording', 'recording'), ('report.json', 'report')):
        if (output / name).exists():
            print(f'{what:<15}{output / name}')
    if args.json:
        write_json(args.json, report.to_dict())
    if violation := report.violation():
        print(f'The frames do not add up: {violation}')
        return 1
    return 0


def _domain(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 232):
        raise argparse.ArgumentTypeError(f'{text!r} is not a domain, a number from 0 to 232')
    return int(text)


def _parameter(text: str) -> str:
    """Refuse what the node would not understand, or would ignore without a word."""
    from ..node_config.parameters import CAMERA_FIELDS, NODE_FIELDS

    name, separator, value = text.partition(':=')
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f'{text!r} is not NAME:=VALUE')
    known = {*NODE_FIELDS, *CAMERA_FIELDS, 'use_sim_time'}
    if name not in known and not name.startswith('qos_overrides.'):
        close = difflib.get_close_matches(name, known, 1)
        raise argparse.ArgumentTypeError(f'the node has no parameter {name!r}' + (
            f'; did you mean {close[0]!r}' if close else ''))
    return text


def _shipped() -> Path:
    path = share_file(SHIPPED)
    if path is None:
        raise UserError('The demo bag is not installed; give a bag or a video of your own.')
    return path
