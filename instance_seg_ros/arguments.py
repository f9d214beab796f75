# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Command-line arguments that several verbs share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .core.instances import SCORE_THRESHOLD
from .inference.engine_choice import ENGINES, PROVIDER_CHOICES
from .perception.overlay import PALETTES, OverlayStyle


def add_network_arguments(group: argparse._ActionsContainer) -> None:
    """Declare the arguments of the network."""
    add_checkpoint_argument(group)
    group.add_argument('--semantic-checkpoint', type=Path, metavar='FILE',
                       help='separate network for the classes; --checkpoint then provides '
                            'only the embeddings')
    add_device_argument(group)
    add_engine_arguments(group)
    add_tuning_arguments(group)


def add_checkpoint_argument(group: argparse._ActionsContainer) -> None:
    """Declare the weights."""
    group.add_argument('--checkpoint', type=Path, metavar='FILE',
                       help='weights: a .safetensors file or the name of shipped ones; '
                            'default: enet_branched')


def add_device_argument(group: argparse._ActionsContainer) -> None:
    """Declare the device of the network."""
    group.add_argument('--device', default='auto',
                       help='auto (a GPU if available), cpu, cuda or cuda:N')


def add_engine_arguments(group: argparse._ActionsContainer) -> None:
    """Declare what computes the network."""
    group.add_argument('--engine', choices=ENGINES, default='torch',
                       help='what computes the network (torch); auto: openvino on a CPU where it '
                            'is installed')
    group.add_argument('--engine-provider', choices=PROVIDER_CHOICES, default='auto',
                       metavar='NAME',
                       help='device of openvino (cpu, gpu, npu) or provider of onnxruntime (cpu, '
                            'cuda, tensorrt)')


def add_tuning_arguments(group: argparse._ActionsContainer) -> None:
    """Declare what a checkpoint contains and its user may change."""
    group.add_argument('--input-size', type=input_size, metavar='WxH',
                       help='input size of the network, such as 1024x512, or its height alone, '
                            'such as 512: the width follows the aspect of the image')
    group.add_argument('--bandwidth', type=numbers, metavar='B',
                       help='mean shift bandwidth in embedding units: a number for all '
                            "classes, or person=1.5,...; default: the checkpoint's")


def add_segmenter_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `make_segmenter` needs."""
    group = parser.add_argument_group('network')
    add_network_arguments(group)
    group.add_argument('--cuda-graphs', choices=('auto', 'off'), default='auto',
                       help='off: launch each operation, for drivers where the capture of CUDA '
                            'graphs fails (auto)')
    group.add_argument('--threads', type=count, metavar='N',
                       help='CPU threads of the network and the clustering')
    group.add_argument('--classes', type=names, metavar='NAME,...',
                       help='segment only these classes into instances, such as car,person')
    group.add_argument('--score-threshold', type=numbers, default=SCORE_THRESHOLD,
                       metavar='T',
                       help='minimum score of an instance: a number for all classes, or '
                            f'car=0.5,person=0.3 (default {SCORE_THRESHOLD})')
    group.add_argument('--min-area', type=numbers, metavar='A',
                       help='minimum area of an instance in pixels: a number, or car=100,...')


def make_segmenter(args: argparse.Namespace):
    """Load the InstanceSegmenter that the arguments describe."""
    from .inference.segmenter import InstanceSegmenter

    limits = {name: getattr(args, name) for name in ('score_threshold', 'min_area')
              if getattr(args, name) is not None}
    return InstanceSegmenter.from_checkpoint(
        args.checkpoint, device=args.device, input_size=args.input_size, classes=args.classes,
        bandwidth=args.bandwidth, threads=args.threads,
        semantic_checkpoint=args.semantic_checkpoint, cuda_graphs=args.cuda_graphs,
        engine=args.engine, engine_provider=args.engine_provider, **limits)


def add_overlay_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `overlay_style` needs."""
    style = OverlayStyle()
    group = parser.add_argument_group('overlay')
    group.add_argument('--palette', choices=PALETTES, default=style.palette,
                       help=f'colours of the instances (default {style.palette})')
    group.add_argument('--opacity', type=_share, default=style.opacity, metavar='0..1',
                       help=f'of the instances (default {style.opacity})')
    group.add_argument('--background', type=_share, default=style.background, metavar='0..1',
                       help='opacity of the class colours elsewhere (default 0: none)')
    for name in ('contours', 'names', 'scores', 'boxes', 'legend'):
        group.add_argument(f'--{name}', action=argparse.BooleanOptionalAction,
                           default=getattr(style, name), help=f'draw {name}')


def overlay_style(args: argparse.Namespace) -> OverlayStyle:
    """Return the OverlayStyle that the arguments describe."""
    return OverlayStyle(args.palette, args.opacity, args.background, args.contours, args.names,
                        args.scores, args.boxes, args.legend)


def image_size(text: str) -> tuple[int, int]:
    """Parse WIDTHxHEIGHT."""
    width, _, height = text.lower().partition('x')
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f'invalid size {text!r}; expected WIDTHxHEIGHT') from None


def input_size(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT, or a height alone: then the width is 0, which follows the image."""
    return (0, int(text)) if text.isdecimal() else image_size(text)


def count(text: str) -> int:
    """Parse an integer >= 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'invalid number {text!r}; expected an integer >= 0')
    return int(text)


def topic_name(text: str) -> str:
    """Parse the name of a topic or node."""
    from .node_config.parameter_rules import is_topic_name

    if not is_topic_name(text.rstrip('/')):
        raise argparse.ArgumentTypeError(f'{text!r} is not a valid ROS name')
    return text


def result_file(text: str) -> Path:
    """Parse the name of a file to write; an unwritable one is rejected before the work."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f'{text} is a directory; expected a file')
    _require_writable(text, path.absolute().parent)
    return path


def output_folder(text: str) -> Path:
    """Read the name of a folder for results; refuse early what would fail after all the work."""
    path = Path(text)
    _require_writable(text, path.absolute())
    return path


def _require_writable(text: str, folder: Path) -> None:
    """Refuse a folder that is not there and cannot be made, or cannot be written to."""
    # The first folder of the path that is there: those below it are made with the first file.
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise argparse.ArgumentTypeError(f'{text} cannot be written: {there} is not a writable '
                                         'directory')


def _share(text: str) -> float:
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text} is out of range [0, 1]')
    return value


def names(text: str) -> list[str]:
    """Parse NAME,NAME,..."""
    return [name.strip() for name in text.split(',') if name.strip()]


def numbers(text: str) -> float | dict[str, float]:
    """Parse a number for all classes, or NAME=NUMBER,NAME=NUMBER."""
    return class_numbers(text) if '=' in text else _number(text)


def class_numbers(text: str) -> dict[str, float]:
    """Parse NAME=NUMBER,NAME=NUMBER."""
    pairs = (part.partition('=') for part in names(text))
    return {name.strip(): _number(number) for name, _, number in pairs}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'invalid number {text!r}') from None
