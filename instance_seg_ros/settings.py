# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What may change between two images, checked against the label set."""

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import UserError
from .labels import LabelSet


@dataclass(frozen=True)
class Settings:
    """Replaced as a whole, so that a batch sees one state.

    bandwidth: of the mean shift. score_threshold, min_area (in image pixels): by label id.
    things: channels that are clustered into instances.
    """

    bandwidth: float
    score_threshold: dict
    min_area: dict
    things: tuple[int, ...]

    def changed(self, label_set: LabelSet, bandwidth: float | None = None,
                classes: Sequence[str] | None = None,
                score_threshold: float | dict | None = None,
                min_area: int | dict | None = None) -> 'Settings':
        """Return settings with what is not None changed; UserError for a value out of range."""
        return Settings(
            self.bandwidth if bandwidth is None else _positive('bandwidth', bandwidth),
            self.score_threshold if score_threshold is None
            else _by_class(label_set, 'score_threshold', score_threshold, 1.0),
            self.min_area if min_area is None
            else _by_class(label_set, 'min_area', min_area, None),
            self.things if classes is None else _channels(label_set, classes))


def _by_class(label_set: LabelSet, name: str, value, highest: float | None) -> dict:
    """Expand a number, or numbers by class name, to a dictionary by label id."""
    if not isinstance(value, dict):
        value = {label_set.labels[k].name: value for k in label_set.thing_indices}
    result = {}
    for label, number in value.items():
        if not 0 <= number <= (float('inf') if highest is None else highest):
            limit = 'not negative' if highest is None else f'from 0 to {highest:g}'
            raise UserError(f'{name} of {label!r} must be {limit}, not {number}.')
        result[label_set.by_name(label).id] = number
    return result


def _channels(label_set: LabelSet, names: Sequence[str]) -> tuple[int, ...]:
    channels = sorted({label_set.index_of_id(label_set.by_name(n).id) for n in names})
    for k in channels:
        if k not in label_set.thing_indices:
            countable = ', '.join(label_set.names[i] for i in label_set.thing_indices)
            raise UserError(f'{label_set.names[k]!r} has no instances to separate; countable '
                            f'classes are: {countable}.')
    return tuple(channels) or label_set.thing_indices


def _positive(name: str, value: float) -> float:
    if not 0 < value < float('inf'):
        raise UserError(f'{name} must be positive, not {value}.')
    return float(value)
