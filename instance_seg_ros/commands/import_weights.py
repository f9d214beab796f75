# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Convert weights trained elsewhere to a checkpoint, and report the mapping of each tensor."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..arguments import image_size, result_file
from ..core.labels import LabelSet
from ..inference.checkpoint import Checkpoint, random_checkpoint
from ..networks import NETWORKS, TASKS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('file', type=Path, help='MXNet .params, PyTorch state dict, safetensors')
    parser.add_argument('output', type=result_file, help='checkpoint to write (.safetensors)')
    parser.add_argument('--network', required=True, choices=NETWORKS,
                        help='resnet38 for the MXNet files, enet_port for the PyTorch port')
    parser.add_argument('--task', choices=TASKS,
                        help="task of the network (default: 'both' if branched, else 'semantic')")
    parser.add_argument('--label-set', default='cityscapes', metavar='NAME',
                        help='order of the class channels (default cityscapes)')
    parser.add_argument('--embedding-dims', type=int, default=8, metavar='D',
                        help='channels of the embedding (default 8)')
    parser.add_argument('--input-size', type=image_size, default=(768, 384), metavar='WxH',
                        help='size the network was trained for (default 768x384)')
    parser.add_argument('--mean', type=float, nargs=3, metavar='V',
                        help='of RGB in 0 to 1; ImageNet by default')
    parser.add_argument('--std', type=float, nargs=3, metavar='V',
                        help='of RGB in 0 to 1; ImageNet by default')
    parser.add_argument('--seed', type=int, default=0,
                        help='random seed for tensors that are missing in the file')


def run(args: argparse.Namespace) -> None:
    """Write the checkpoint and print the report."""
    from ..inference.importing import adopt, read_tensors

    tensors = read_tensors(args.file)
    checkpoint = _untrained(args)
    network = checkpoint.build()
    report = adopt(network, args.network, tensors)
    checkpoint.state = network.state_dict()
    checkpoint.provenance = {'imported_from': args.file.name, 'matched': len(report.matched),
                             'untrained': list(report.missing)}
    checkpoint.save(args.output)
    print('\n'.join(report.lines()))
    if report.missing:
        print('The missing tensors have random values: train before use.')
    print(f'Wrote {args.output}')


def _untrained(args: argparse.Namespace) -> Checkpoint:
    task = args.task or ('both' if 'semantic' not in NETWORKS[args.network].tasks else 'semantic')
    normalisation = {name: tuple(getattr(args, name)) for name in ('mean', 'std')
                     if getattr(args, name)}
    return random_checkpoint(
        args.seed, args.network, task=task, label_set=LabelSet.named(args.label_set),
        embedding_dims=args.embedding_dims, input_size=args.input_size, **normalisation)
