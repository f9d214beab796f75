# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Record topics into a bag until Ctrl-C or SIGTERM: by default all that the node publishes.

Needs no rosbag2. The overlay, which costs the node time, is drawn while it is recorded.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..arguments import topic_name
from ..bags.writer import BagWriter, check_free, check_no_part, part_of
from ..core.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('output', metavar='OUT', type=Path, help='the new bag (a folder, MCAP)')
    parser.add_argument('--node', type=topic_name, default='/instance_seg', metavar='NAME',
                        help='record the outputs of this node (default /instance_seg)')
    parser.add_argument('--topics', type=topic_name, nargs='+', default=[],
                        metavar='TOPIC',
                        help='additional topics, such as the images')
    parser.add_argument('--use-sim-time', action='store_true',
                        help='stamp messages with the time on /clock instead of the system time, '
                             'so that the recording of a replay lines up with its bag')


def run(args: argparse.Namespace) -> int:
    """Record; print what is in the bag."""
    from ..ros.tools.recorder import Recorder
    from ..ros.tools.session import ros_node, spinning, stop_on_signals

    check_free(args.output)
    check_no_part(args.output)
    outputs = f'/{args.node.strip("/")}/'
    others = {'/diagnostics', *('/' + topic.lstrip('/') for topic in args.topics)}

    def wanted(topic: str) -> bool:
        return topic in others or (
            topic.startswith(outputs) and not topic.endswith('/transition_event'))

    with stop_on_signals() as stop, \
            ros_node('record_bag', use_sim_time=args.use_sim_time) as node:
        writer = BagWriter(args.output)
        clock = node.get_clock()
        recorder = Recorder(node, writer, wanted, now=lambda: clock.now().nanoseconds)
        with _kept(writer, recorder.counts):
            print(f'Recording {outputs}* to {args.output}', flush=True)
            with spinning(node, stop):
                stop.wait()
            recorder.close()    # what has arrived by now is still recorded
    for topic, count in sorted(recorder.counts.items()):
        print(f'{count:8d}  {topic}')
    return 0


@contextmanager
def _kept(writer: BagWriter, counts: Counter[str]) -> Iterator[None]:
    """Finish the bag; where that is not possible, such as on a full disk, leave what there is."""
    try:
        yield
        writer.close()
    except BaseException as error:
        keep = bool(counts.total())
        writer.abandon(keep)
        if not isinstance(error, OSError):
            raise
        rest = f'; what came before is in {part_of(writer.path)}' if keep else ''
        raise UserError(f'{writer.path} could not be written: {error.strerror or error}'
                        f'{rest}.') from error
