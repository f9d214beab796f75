#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make one checkpoint of several of the same network: a weighted mean, or parts of each.

The mean of weights before and after fine-tuning often keeps what both know (Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022). What is no weight, such as label set and
bandwidth, is that of the first file; scores have to be calibrated again.

  combine_weights.py OUT.safetensors tuned.safetensors=0.6 original.safetensors=0.4
  combine_weights.py OUT.safetensors classes.safetensors --part embedding=other.safetensors
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from instance_seg_ros.core.errors import UserError  # noqa: E402
from instance_seg_ros.inference.checkpoint import Checkpoint  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Write the combination; return 2 for files that do not fit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('output', type=Path, metavar='OUT.safetensors')
    parser.add_argument('weights', nargs='+', metavar='FILE[=SHARE]',
                        help='checkpoints; shares in proportion, 1 if left out')
    parser.add_argument('--part', action='append', default=[], metavar='PREFIX=FILE',
                        help='take the tensors whose names begin like this from another file, '
                             'and what is no weight as well')
    args = parser.parse_args(arguments)
    try:
        parts = [text.partition('=')[::2] for text in args.part]
        combine(list(map(_with_share, args.weights)), parts).save(args.output)
    except UserError as error:
        print(f'combine_weights: {error}', file=sys.stderr)
        return 2
    return 0


def _with_share(text: str) -> tuple[str, float]:
    file, _, share = text.partition('=')
    try:
        return file, float(share or 1)
    except ValueError:
        raise UserError(f'{text}: the share {share!r} is not a number.') from None


def combine(files: list[tuple[str, float]], parts: list[tuple[str, str]]) -> Checkpoint:
    """Return the weighted mean of checkpoints, then with parts of others.

    Args:
        files: paths, and shares above 0 in any unit.
        parts: beginnings of tensor names, and the path that those tensors are taken from.

    Raises:
        UserError: for files of different networks, shares that are not positive, and parts that
            no tensor belongs to.
    """
    if any(share <= 0 for _, share in files):
        raise UserError('Shares must be positive.')
    loaded = [(Checkpoint.load(file), share) for file, share in files]
    result, total = loaded[0][0], sum(share for _, share in loaded)
    for other, _ in loaded:
        _require_same(result.state, other, '')
    state = {name: sum(one.state[name].double() * (share / total) for one, share in loaded)
             .to(tensor.dtype) if tensor.is_floating_point() else tensor
             for name, tensor in result.state.items()}
    for prefix, file in parts:
        result = Checkpoint.load(file)
        _require_same(state, result, prefix)
        state |= {name: tensor for name, tensor in result.state.items()
                  if name.startswith(prefix)}
    result.state, result.confidence, result.scores = state, {}, {}
    result.provenance = {'command': 'combine_weights',
                         'of': [Path(file).name for file, _ in files],
                         'parts': {prefix: Path(file).name for prefix, file in parts}}
    return result


def _require_same(state: dict, other: Checkpoint, prefix: str) -> None:
    """Raise UserError unless both have the same tensors of this part."""
    own, given = ({name: tuple(tensor.shape) for name, tensor in each.items()
                   if name.startswith(prefix)} for each in (state, other.state))
    if own != given or not own:
        different = sorted(own.items() ^ given.items())
        raise UserError(f'{other.path} does not fit: '
                        + (f'{different[0][0]} differs.' if different
                           else f'no tensor begins with {prefix!r}.'))


if __name__ == '__main__':
    sys.exit(main())
