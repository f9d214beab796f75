# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Publish a bag, or a video, with its original timing; needs no rosbag2."""

import argparse

from ..arguments import topic_name
from ..bags import open_source
from ..bags.playback import Playback, play


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('bag', metavar='BAG',
                        help='ROS 2 bag (folder, .mcap or .db3) or video file')
    parser.add_argument('--rate', type=float, default=1.0, metavar='R',
                        help='playback speed relative to the recording (default 1)')
    parser.add_argument('--loop', action='store_true', help='restart at the end')
    parser.add_argument('--clock', type=float, nargs='?', const=40.0, metavar='HZ',
                        help='publish the time in the bag on /clock, HZ times a second (40)')
    parser.add_argument('--topics', nargs='+', metavar='TOPIC', help='play only these')
    parser.add_argument('--remap', nargs='+', default=[], metavar='FROM:=TO', type=_remapping,
                        help='publish a topic under another name')
    parser.add_argument('--start', type=float, default=0.0, metavar='SECONDS',
                        help='start offset in the bag')
    parser.add_argument('--duration', type=float, metavar='SECONDS',
                        help='duration to play')
    parser.add_argument('--wait-for-node', type=topic_name, metavar='NAME',
                        help='start when this node has subscribed to one of the topics')
    parser.add_argument('--wait-for-topics', nargs='+', default=[], metavar='TOPIC',
                        type=topic_name, help='start when each of these topics, of any node, has '
                        'a subscriber, such as a recorder')
    parser.add_argument('--wait-for-subscribers', type=float, nargs='?', const=10.0,
                        metavar='SECONDS',
                        help='start when each topic has a subscriber, or after SECONDS (10)')


def run(args: argparse.Namespace) -> int:
    """Play until the end, Ctrl-C or SIGTERM; print what was published."""
    from ..ros.tools.player import Player
    from ..ros.tools.session import ros_node, stop_on_signals

    playback = Playback(args.rate, args.start, args.duration, args.loop, args.clock)
    with open_source(args.bag) as source:
        playback.interval(source)
        with stop_on_signals() as stop, ros_node('play_bag') as node:
            player = Player(node, source, args.topics, dict(args.remap), bool(args.clock))
            if args.wait_for_node is not None:
                player.wait_for_node('/' + args.wait_for_node.lstrip('/'), stop)
            player.wait_for_topics(args.wait_for_topics, stop)
            if args.wait_for_subscribers is not None:
                lacking = player.wait_for_subscribers(args.wait_for_subscribers, stop)
                if lacking and not stop.is_set():
                    print(f'No subscriber for {", ".join(lacking)}; playing anyway.')
            print(f'Playing {source.path}: {", ".join(player.topics)}', flush=True)
            late = play(playback.timeline(source, player.topics), player.publish, stop)
            player.finish()
    for topic in player.topics:
        print(f'{player.counts[topic]:8d}  {topic}')
    print(f'Played at {args.rate:g} times the recorded speed; at most {late * 1e3:.0f} ms late.')
    return 0


def _remapping(text: str) -> tuple[str, str]:
    source, separator, target = text.partition(':=')
    if not (source and separator and target):
        raise argparse.ArgumentTypeError(f'{text!r} is not FROM:=TO')
    return source, topic_name(target)
