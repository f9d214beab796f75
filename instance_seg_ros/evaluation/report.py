# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Results as text."""
from __future__ import annotations

from collections.abc import Iterator

from .official import SIZES, Scores
from .predictors import VARIANTS
from .run import FoundCounts, Result


def table(result: Result) -> str:
    """Return the tables of a result, ready to print."""
    lines = [f'{result.frames.name}: {result.frames.count} frames '
             f'in {result.seconds:.0f} s']
    if result.confusion:
        lines += ['', 'IoU of classes', *_iou(result)]
    if result.scores:
        lines += ['', 'Instances: AP in percent by the official scorer; TP, predictions and '
                  'truths at IoU 0.5;', 'SBD: symmetric best Dice; dC: count error a frame; '
                  'ECE: expected calibration error',
                  *_instances(result)]
    if result.coco:
        lines += ['', "Instances by COCO's metric (pycocotools), percent",
                  *_coco(result.coco.scores())]
    if result.panoptic:
        lines += ['', 'Panoptic quality (torchmetrics), percent',
                  *_panoptic(result.panoptic.scores())]
    return '\n'.join(lines)


def _coco(scores: dict) -> Iterator[str]:
    shown = [name for name in scores if name != 'classes']
    yield '  ' + ''.join(f'{name:>11}' for name in shown)
    yield '  ' + ''.join(f'   {_percent(scores[name])}' for name in shown)
    for name, of_class in scores['classes'].items():
        yield f'  {name:<16}AP {_percent(of_class["AP"])}  AP50 {_percent(of_class["AP50"])}'


def _panoptic(scores: dict) -> Iterator[str]:
    yield f'  {"":<16}{"PQ":>8}{"SQ":>8}{"RQ":>8}'
    groups = {name: scores[name] for name in ('all', 'things', 'stuff') if scores[name]}
    for name, row in (groups | scores['classes']).items():
        yield f'  {name:<16}' + ''.join(_percent(row[key]) for key in ('PQ', 'SQ', 'RQ'))


def _iou(result: Result) -> Iterator[str]:
    for name, value in result.confusion.iou().items():
        yield f'  {name:<16}{100 * value:6.1f}'
    yield f'  {"mean":<16}{100 * result.confusion.mean():6.1f}'


def _instances(result: Result) -> Iterator[str]:
    some = next(iter(result.scores.values()))
    far = 'allAp50m' in some.averages
    # A class without true instances may have false positives.
    names = [n for n, count in some.truths.items()
             if count or any(scores.predictions[n] for scores in result.scores.values())]
    if not any(some.truths.values()):
        yield '  The data have no true instances that count: there is no AP.'
    columns = ['AP', 'AP50'] + (['AP100m', 'AP50m'] if far else [])
    yield (f'  {"variant":<26}{"class":<12}' + ''.join(f'{c:>8}' for c in columns)
           + f'{"TP":>7}{"pred":>7}{"true":>7}{"touching":>12}{"isolated":>12}'
           f'{"SBD":>7}{"dC":>6}{"ECE":>7}')
    for variant, scores in result.scores.items():
        for name in names:
            yield (f'  {variant:<26}{name:<12}' + _row(scores.averages['classes'][name], far)
                   + _counts(scores, name) + _groups(result.found[variant],
                                               result.frames.label_set.by_name(name).id)
                   + _extras(scores.extras[name]))
        yield f'  {variant:<26}{"mean":<12}' + _mean(scores, far)
    yield ''
    yield from _by_size(next(iter(result.scores.values())))
    yield ''
    yield from (f'  {name}: {VARIANTS[name]}' for name in result.scores)


def _by_size(scores: Scores) -> Iterator[str]:
    small, large = (f'{100 * share:g}' for share in SIZES)
    columns = f'under {small} %', f'{small} to {large} %', f'over {large} %'
    yield '  found by size, as a share of the image (first variant)'
    yield f'  {"":<12}' + ''.join(f'{column:>14}' for column in columns)
    for name, sizes in scores.by_size.items():
        if scores.truths[name]:
            yield f'  {name:<12}' + ''.join(f'{f"{found}/{all_}":>14}' for found, all_ in sizes)


def _row(scores: dict, far: bool) -> str:
    keys = ['ap', 'ap50%'] + (['ap100m', 'ap50m'] if far else [])
    return ''.join(_percent(scores.get(key)) for key in keys)


def _mean(scores: Scores, far: bool) -> str:
    keys = ['allAp', 'allAp50%'] + (['allAp100m', 'allAp50m'] if far else [])
    return ''.join(_percent(scores.averages.get(key)) for key in keys)


def _percent(value: float | None) -> str:
    return f'{"-":>8}' if value is None else f'{100 * value:8.1f}'


def _counts(scores: Scores, name: str) -> str:
    return (f'{scores.true_positives[name]:7}{scores.predictions[name]:7}'
            f'{scores.truths[name]:7}')


def _extras(values: dict) -> str:
    error = values['calibration_error']
    shape = (f'{"-":>7}{"-":>6}' if values['sbd'] is None
             else f'{100 * values["sbd"]:7.1f}{values["count_error"]:6.1f}')
    return shape + (f'{"-":>7}' if error is None else f'{100 * error:7.1f}')


def _groups(found: FoundCounts, label: int) -> str:
    return (f'{f"{found.touching_found[label]}/{found.touching[label]}":>12}'
            f'{f"{found.isolated_found[label]}/{found.isolated[label]}":>12}')
