# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Score a checkpoint: Cityscapes AP, COCO metric, panoptic quality, IoU of classes, baselines.

A network of classes alone is scored by its IoU, one of embeddings alone within the true classes.
"""
from __future__ import annotations

import argparse
from pathlib import Path

from ..arguments import add_network_arguments, result_file
from ..core.errors import UserError
from ..core.instances import SCORE_THRESHOLD
from ..core.label_file import load_label_set
from ..datasets import DATASETS, recognise
from ..evaluation.frames import PASTED
from ..io.results import write_json

KITTI_OBJECT = 'kitti-object'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    _add_data_arguments(parser)
    parser.add_argument('--coco', action='store_true', help="score by COCO's metric as well")
    parser.add_argument('--panoptic', action='store_true',
                        help='score panoptic quality as well')
    parser.add_argument('--predictions', type=Path, metavar='DIR',
                        help="score these files (Cityscapes' format) instead of a network")
    parser.add_argument('--write-predictions', type=Path, metavar='DIR',
                        help="write the network's instances in Cityscapes' format")
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help='folder for plots and images of the ten worst frames')
    parser.add_argument('--comparison', type=result_file, metavar='FILE',
                        help='draw the first frames next to their embeddings, instances, '
                             'connected components and boxes (.png or .jpg)')
    parser.add_argument('--tracking', action='store_true',
                        help='score tracking: HOTA, sMOTSA, IDF1, switches; '
                             'with and without tracking (kitti-mots, cityscapes: videos of '
                             'render-scenes)')
    parser.add_argument('--detections-3d', action='store_true',
                        help='errors of position and size in metres: ground, depth and lidar '
                             '(kitti-object)')
    parser.add_argument('--rate', type=float, default=15.0, metavar='HZ',
                        help='frames a second of rendered videos (15)')
    parser.add_argument('--score-threshold', type=float, default=SCORE_THRESHOLD, metavar='T',
                        help='with --tracking and --detections-3d: leave out instances below '
                             f'this score ({SCORE_THRESHOLD}, as the node does)')
    parser.add_argument('--json', type=result_file, metavar='FILE',
                        help='write the scores as JSON')
    add_network_arguments(parser.add_argument_group('network'))


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--dataset',
                        choices=(*DATASETS, PASTED, KITTI_OBJECT),
                        help='data set of the folder, recognised by default; '
                             f'{PASTED}: CamVid with objects pasted over its frames; '
                             f'{KITTI_OBJECT}: boxes in metres, for --detections-3d')
    parser.add_argument('--data', type=Path, metavar='DIR',
                        help='folder of the data set (none for sticks, which are synthetic)')
    parser.add_argument('--split', default='val', help='train, val or test (default: val)')
    parser.add_argument('--label-set', type=Path, metavar='FILE',
                        help="label set to map the classes to (YAML); default: the checkpoint's")
    parser.add_argument('--limit', type=int, metavar='N', help='score N frames, evenly spread')


def run(args: argparse.Namespace) -> None:
    """Score and print; raises UserError for data or checkpoints that do not fit."""
    if (args.data is None) != (args.dataset == 'sticks'):
        raise UserError('Name the folder of the data with --data; only sticks have none.')
    if args.detections_3d or args.dataset == KITTI_OBJECT:
        _detections_3d(args)
        return
    args.dataset = args.dataset or recognise(args.data)
    if args.tracking:
        _tracking(args)
        return
    from ..evaluation.report import table
    from ..evaluation.run import evaluate, to_dict
    from ..evaluation.worst import Worst
    if args.comparison and args.predictions:
        raise UserError('--comparison needs a network; leave --predictions out.')
    predictor = _predictor(args)
    frames = _frames(args, predictor)
    if args.comparison and predictor.task != 'both':
        raise UserError('--comparison draws classes and embeddings; name a checkpoint of both, '
                        'or one of embeddings with --semantic-checkpoint.')
    result = evaluate(predictor, frames, args.write_predictions, args.coco, args.panoptic,
                      Worst() if args.output else None)
    print(table(result))
    if args.comparison:
        _compare(args, predictor)
    if args.output:
        from ..evaluation.plots import write_plots
        write_plots(result, args.output)
        result.worst.write(args.output)
    if args.json:
        write_json(args.json, to_dict(result))


def _frames(args: argparse.Namespace, predictor):
    """Open the data under the label set that is named, or the checkpoint's own classes."""
    from ..evaluation.frames import open_frames
    label_set = getattr(predictor, 'label_set', None)
    if args.label_set:
        label_set = load_label_set(args.label_set)
    elif label_set is not None and label_set.is_built_in:
        label_set = None
    return open_frames(args.dataset, args.data, args.split, args.limit, label_set)


def _compare(args: argparse.Namespace, predictor) -> None:
    from ..evaluation.comparison import write_comparison
    write_comparison(predictor, _frames(args, predictor).frames, args.comparison)


def _tracking(args: argparse.Namespace) -> None:
    from ..evaluation.drives import kitti_drives, rendered_drives
    from ..evaluation.tracking import evaluate_tracking, table
    if args.dataset not in ('kitti-mots', 'cityscapes') or args.predictions:
        raise UserError('--tracking scores a network on drives: it takes --dataset kitti-mots or '
                        'cityscapes, without --predictions.')
    segmenter = _segmenter(args)
    if args.dataset == 'kitti-mots':
        truth = segmenter.label_set
        drives = kitti_drives(args.data, args.split, truth)
    else:
        truth, drives = None, rendered_drives(args.data, args.split, args.rate)
    scores = evaluate_tracking(segmenter, drives, truth=truth)
    print(table(scores))
    if args.json:
        write_json(args.json, scores)


def _detections_3d(args: argparse.Namespace) -> None:
    from ..datasets.kitti_object import KittiObject
    from ..evaluation.detections_3d import evaluate_detections_3d, supported
    from ..evaluation.errors_3d import summarise, table
    if not args.detections_3d or args.dataset != KITTI_OBJECT or args.predictions:
        raise UserError('--detections-3d and --dataset kitti-object go together, without '
                        '--predictions.')
    data = KittiObject(args.data)
    segmenter = _segmenter(args)
    if not supported(segmenter.label_set):
        raise UserError(f'The classes of {segmenter.label_set.name} lack one of car, person and '
                        'rider; choose another --checkpoint.')
    rows = summarise(evaluate_detections_3d(segmenter, data))
    print(table(rows))
    if args.json:
        write_json(args.json, rows)


def _predictor(args: argparse.Namespace):
    from ..evaluation.folder import FolderPredictor
    from ..evaluation.single_task import open_predictor
    if args.predictions:
        return FolderPredictor(args.predictions)
    return open_predictor(args.checkpoint, args.semantic_checkpoint, **_options(args))


def _segmenter(args: argparse.Namespace):
    from ..inference.segmenter import InstanceSegmenter
    return InstanceSegmenter.from_checkpoint(
        args.checkpoint, semantic_checkpoint=args.semantic_checkpoint,
        score_threshold=args.score_threshold, **_options(args))


def _options(args: argparse.Namespace) -> dict:
    return {'device': args.device, 'bandwidth': args.bandwidth, 'input_size': args.input_size,
            'engine': args.engine, 'engine_provider': args.engine_provider}
