#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Print the tables of a model card from what `instance_seg evaluate ... --json` wrote.

Each folder has one file for each set, named as in SETS. With several folders, the summary has a
column for each; the tables of all variants are those of the first.

  score_tables.py now=scores/now before=scores/before > summary.md
  score_tables.py --variants now=scores/now > docs/shipped_scores.md
"""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from instance_seg_ros.core.labels import LabelSet  # noqa: E402

SETS = {'kitti': 'KITTI 0005', 'streets_val': 'streets_val', 'idd': 'IDD-Lite, held out',
        'cs': 'Cityscapes at 512x256', 'camvid_test': 'CamVid test', 'camvid_val': 'CamVid val',
        'pasted': 'CamVid val, pasted', 'rendered': 'rendered val'}
OWN = 'embeddings'
WITHIN = {'embeddings, true classes': 'true classes', 'centres, true classes': 'true centres'}
"""Variants of cars in the summary, with their short names."""
FEW = 5
"""Classes of fewer true instances are left out of the summary."""
Results = dict[str, dict[str, Any]]
"""The content of each file of a folder, by set."""


def main(arguments: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folders', nargs='+', metavar='[TITLE=]FOLDER')
    parser.add_argument('--variants', action='store_true',
                        help='all variants of the first folder instead of the summary')
    args = parser.parse_args(arguments)
    columns = {title or folder: _results(Path(folder)) for title, _, folder in
               (text.rpartition('=') for text in args.folders)}
    first = next(iter(columns.values()))
    print('\n'.join(_variants(first) if args.variants else _summary(columns)))
    return 0


def _results(folder: Path) -> Results:
    found = {name: json.loads((folder / f'{name}.json').read_text())
             for name in SETS if (folder / f'{name}.json').exists()}
    if not found:
        raise SystemExit(f'score_tables: {folder} has none of {", ".join(SETS)} (.json).')
    return found


# -- summary ----------------------------------------------------------------------------------

def _summary(columns: dict[str, Results]) -> Iterator[str]:
    yield 'AP / AP50 in percent with true positives, predictions and truths; mean IoU in percent:'
    yield ''
    yield from _table(['set', 'measure', *columns], _summary_rows(columns))
    first = next(iter(columns.values()))
    yield from ('', 'Found by size of the object, as a share of the image:', '')
    yield from _table(['set', 'class', 'under 0.1 %', '0.1 to 1 %', 'over 1 %'], _sizes(first))
    yield from ('', 'Expected calibration error of the scores, in percent:', '')
    yield from _table(['set', 'car', 'person', 'rider', 'bus', 'motorcycle'], _errors(first))


def _summary_rows(columns: dict[str, Results]) -> Iterator[list[str]]:
    first = next(iter(columns.values()))
    for name, result in first.items():
        rows = [(label, OWN, label) for label in _labels(result, FEW)]
        rows[1:1] = [(f'car, {short}', variant, 'car') for variant, short in WITHIN.items()
                     if rows]
        for title, variant, label in rows:
            yield [SETS[name], title, *(_cell(results.get(name), variant, label)
                                        for results in columns.values())]
        if 'mean_iou' in result and name != 'streets_val':   # few pixels of it have a class
            yield [SETS[name], 'mean IoU', *(_percent(results.get(name, {}).get('mean_iou'))
                                             for results in columns.values())]


def _labels(result: dict[str, Any], least: int = 1) -> list[str]:
    """Return the classes that have at least so many true instances, cars first."""
    truths = result.get('instances', {}).get(OWN, {}).get('truths', {})
    labels = (label for label, count in truths.items() if count >= least)
    return sorted(labels, key=lambda label: label != 'car')


def _cell(result: dict[str, Any] | None, variant: str, label: str) -> str:
    if not result or variant not in result.get('instances', {}):
        return ''
    scores = result['instances'][variant]
    of_class = scores['classes'].get(label, {})
    counts = ', '.join(str(scores[key].get(label, 0))
                       for key in ('true_positives', 'predictions', 'truths'))
    return f'{_percent(of_class.get("ap"))} / {_percent(of_class.get("ap50%"))} ({counts})'


def _sizes(results: Results) -> Iterator[list[str]]:
    for name in ('kitti', 'streets_val', 'idd'):
        sizes = results.get(name, {}).get('instances', {}).get(OWN, {}).get('by_size', {})
        for label in _labels(results.get(name, {}), FEW):
            if label in sizes:
                yield [SETS[name], label, *(f'{found} of {all_}' for found, all_ in sizes[label])]


def _errors(results: Results) -> Iterator[list[str]]:
    for name, result in results.items():
        extras = result.get('instances', {}).get(OWN, {}).get('extras')
        if extras:
            yield [SETS[name], *(_percent(extras.get(label, {}).get('calibration_error'))
                                 for label in ('car', 'person', 'rider', 'bus', 'motorcycle'))]


# -- all variants -------------------------------------------------------------------------------

def _variants(results: Results) -> Iterator[str]:
    columns = ['variant', 'class', 'AP', 'AP50', 'true positives', 'predictions', 'truths',
               'touching found', 'isolated found']
    for name, result in results.items():
        yield from ('', f'## {SETS[name]} ({result["frames"]} frames)', '')
        if 'mean_iou' in result:
            classes = (f'{label} {_percent(value)}' for label, value in result['iou'].items()
                       if value is not None)
            yield f'Mean IoU {_percent(result["mean_iou"])}: {", ".join(classes)}.'
            yield ''
        if 'instances' in result:
            yield from _table(columns, _variant_rows(result))


def _variant_rows(result: dict[str, Any]) -> Iterator[list[str]]:
    labels = _labels(result)
    for variant, scores in result['instances'].items():
        for label in () if variant.startswith('boxes') else labels:
            number = str(LabelSet.of('cityscapes').by_name(label).id)
            found = {key: scores[key].get(number, 0)
                     for key in ('touching_found', 'touching', 'isolated_found', 'isolated')}
            yield [variant, label,
                   *(_percent(scores['classes'][label].get(key)) for key in ('ap', 'ap50%')),
                   *(str(scores[key].get(label, 0))
                     for key in ('true_positives', 'predictions', 'truths')),
                   f'{found["touching_found"]} of {found["touching"]}',
                   f'{found["isolated_found"]} of {found["isolated"]}']


# -- text ---------------------------------------------------------------------------------------

def _table(columns: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    yield f'| {" | ".join(columns)} |'
    yield '|---' * len(columns) + '|'
    yield from (f'| {" | ".join(row)} |' for row in rows)


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{100 * value:.1f}'


if __name__ == '__main__':
    raise SystemExit(main())
