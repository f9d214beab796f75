# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What may change between two images, checked against the label set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import UserError
from ..core.labels import LabelSet

MIN_SIDE, MAX_SIDE = 64, 8192
"""Smallest and largest width and height of a network's input, in pixels."""
MIN_BANDWIDTH, MAX_BANDWIDTH = 1e-3, 1e3
"""Limits of a bandwidth, in embedding units; beyond them float32 distances mean nothing."""
CUDA_GRAPHS = ('auto', 'off')
"""Choices of when CUDA graphs are captured: on every CUDA device, or never."""


@dataclass(frozen=True)
class SegmenterSettings:
    """Replaced as a whole, so that a batch sees one state.

    Attributes:
        bandwidth: of the mean shift, by channel.
        score_threshold: by label id.
        min_area: in image pixels, by label id.
        things: channels that are clustered into instances.
    """

    bandwidth: dict[int, float]
    score_threshold: dict
    min_area: dict
    things: tuple[int, ...]

    @property
    def thing_bandwidths(self) -> tuple[float, ...]:
        """The bandwidth of each of `things`."""
        return tuple(self.bandwidth[k] for k in self.things)

    def changed(self, label_set: LabelSet, bandwidth: float | dict | None = None,
                classes: Sequence[str] | None = None,
                score_threshold: float | dict | None = None,
                min_area: int | dict | None = None) -> 'SegmenterSettings':
        """Return settings with what is not None changed; UserError for a value out of range.

        Classes that `bandwidth` does not name keep theirs.
        """
        return SegmenterSettings(
            self.bandwidth | _bandwidths(label_set, {} if bandwidth is None else bandwidth),
            self.score_threshold if score_threshold is None
            else _by_class(label_set, 'score_threshold', score_threshold, 1.0),
            self.min_area if min_area is None
            else _by_class(label_set, 'min_area', min_area, None),
            self.things if classes is None else _channels(label_set, classes))


def checked_input_size(size: int | Sequence[int]) -> tuple[int, int]:
    """Return an input size as (width, height).

    Args:
        size: (width, height); with a height alone, or a width of 0, the width follows the image
            (see `input_size.network_size`), which a width of 0 in the result stands for.

    Raises:
        UserError: for a size that a network cannot take.
    """
    try:
        width, height = (0, size) if isinstance(size, int) else (int(v) for v in size)
    except (TypeError, ValueError):
        raise UserError(f'input_size must be two numbers (width, height) or one (height), not '
                        f'{size}.') from None
    if not (MIN_SIDE <= height <= MAX_SIDE and (not width or MIN_SIDE <= width <= MAX_SIDE)):
        raise UserError(f'input_size must be from {MIN_SIDE} to {MAX_SIDE} in both directions, '
                        f'not {size}.')
    return width, height


def _by_class(label_set: LabelSet, name: str, value: Any, highest: float | None) -> dict:
    """Expand a number, or numbers by class name, to a dictionary by label id."""
    result = {}
    for label, number in _named(label_set, value).items():
        if not 0 <= number <= (float('inf') if highest is None else highest):
            limit = 'not negative' if highest is None else f'from 0 to {highest:g}'
            raise UserError(f'{name} of {label!r} must be {limit}, not {number}.')
        result[label_set.by_name(label).id] = number
    return result


def _bandwidths(label_set: LabelSet, value: float | dict) -> dict[int, float]:
    """Expand a number, or numbers by class name, to a dictionary by channel."""
    result = {}
    for label, number in _named(label_set, value).items():
        if not MIN_BANDWIDTH <= number <= MAX_BANDWIDTH:
            raise UserError(f'bandwidth of {label!r} must be positive, from {MIN_BANDWIDTH} to '
                            f'{MAX_BANDWIDTH:.0f}, not {number}.')
        result[_channel(label_set, label)] = float(number)
    return result


def _named(label_set: LabelSet, value: float | dict) -> dict:
    """Give a number to each countable class by name; leave a dictionary as it is."""
    if isinstance(value, dict):
        return value
    return {label_set.names[k]: value for k in label_set.thing_indices}


def _channels(label_set: LabelSet, names: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted({_channel(label_set, name) for name in names})) or label_set.thing_indices


def _channel(label_set: LabelSet, name: str) -> int:
    channel = label_set.index_of_id(label_set.by_name(name).id)
    if channel not in label_set.thing_indices:
        countable = ', '.join(label_set.names[i] for i in label_set.thing_indices)
        raise UserError(f'{name!r} has no instances to separate; countable classes are: '
                        f'{countable}.')
    return channel
