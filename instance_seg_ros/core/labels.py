# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Label sets: the classes of pixels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np

from .errors import UserError

UNLABELLED = 0
IGNORE_INDEX = 255
INSTANCE_FACTOR = 1000
"""Instance ids are `label id * INSTANCE_FACTOR + number`, as in Cityscapes' instanceIds."""
IGNORED = 'ignore'
"""Target of the classes of a source that teach nothing."""
MAX_LABELS = 64


def plain_name(name: str) -> str:
    """Return a class name as names are compared: lower case, spaces for _ and -."""
    return ' '.join(name.lower().replace('_', ' ').replace('-', ' ').split())


@dataclass(frozen=True)
class Label:
    """One class: its id in masks (1 to 64), name, RGB colour, and whether it is countable."""

    id: int
    name: str
    color: tuple[int, int, int]
    has_instances: bool = False


@dataclass(frozen=True)
class LabelSet:
    """An ordered set of labels: the label at index k is channel k of a network's logits.

    Label ids are what masks and messages carry; 0 is reserved for unlabelled pixels. Ids end
    at 64 because an instance id (id * 1000 + number) has to fit into 16 bits.

    Attributes:
        map: classes of data sets by what they become, such as
            {'sedan': 'car', 'trailer': 'ignore'}; 'coco/truck' is the class of one data set
            alone. Equal names need no entry.
        rest: the class of pixels outside all objects, where a data set annotates objects alone;
            None leaves those pixels out of training.
    """

    name: str
    labels: tuple[Label, ...]
    map: Mapping[str, str] = field(default_factory=dict, compare=False)
    rest: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse label sets in which an id or a name is ambiguous or out of range."""
        ids, names = [x.id for x in self.labels], [x.name for x in self.labels]
        if len(set(ids)) < len(ids) or len(set(names)) < len(names):
            raise ValueError(f'label set {self.name!r} repeats an id or a name')
        if not ids or min(ids) < 1 or max(ids) > MAX_LABELS:
            raise ValueError(f'label set {self.name!r} needs ids from 1 to {MAX_LABELS}, '
                             f'not {ids}')
        used = {*self.map.values(), *([] if self.rest is None else [self.rest])}
        unknown = used - {*names, IGNORED}
        if unknown:
            raise ValueError(f'label set {self.name!r} has no class '
                             f'{", ".join(sorted(unknown))}; its classes are {", ".join(names)}')

    @staticmethod
    def named(name: str) -> 'LabelSet':
        """Return a built-in label set: `cityscapes`, `camvid` or `sticks`."""
        if name not in _BUILT_IN:
            raise UserError(f'There is no label set {name!r}; there are: {", ".join(_BUILT_IN)}.')
        return _BUILT_IN[name]

    @staticmethod
    def of(label_set: 'LabelSet | str | dict') -> 'LabelSet':
        """Return a label set as it is, from `to_dict`'s data, or the built-in one of a name."""
        if isinstance(label_set, dict):
            return LabelSet.from_dict(label_set)
        return LabelSet.named(label_set) if isinstance(label_set, str) else label_set

    def __len__(self) -> int:
        """Count the classes."""
        return len(self.labels)

    @cached_property
    def ids(self) -> np.ndarray:
        """Label ids by channel, uint8 (K,)."""
        return np.array([label.id for label in self.labels], np.uint8)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names by channel."""
        return tuple(label.name for label in self.labels)

    @cached_property
    def thing_indices(self) -> tuple[int, ...]:
        """Channels of the classes that have instances."""
        return tuple(k for k, label in enumerate(self.labels) if label.has_instances)

    @cached_property
    def index_by_id(self) -> np.ndarray:
        """Channel by label id, uint8 (256,); IGNORE_INDEX where an id is not in the set."""
        table = np.full(256, IGNORE_INDEX, np.uint8)
        table[self.ids] = np.arange(len(self), dtype=np.uint8)
        return table

    @cached_property
    def color_table(self) -> np.ndarray:
        """RGB colour by label id, uint8 (256, 3); black where an id is not in the set."""
        table = np.zeros((256, 3), np.uint8)
        table[self.ids] = [label.color for label in self.labels]
        return table

    def by_id(self, label_id: int) -> Label:
        """Return the label with this id, or raise KeyError."""
        return self.labels[self.index_of_id(label_id)]

    def by_name(self, name: str) -> Label:
        """Return the label of this name, or raise a UserError that lists the names."""
        for label in self.labels:
            if label.name == name:
                return label
        raise UserError(f'There is no class {name!r} in label set {self.name!r}; '
                        f'there are: {", ".join(self.names)}.')

    def index_of_id(self, label_id: int) -> int:
        """Return the channel of this label id, or raise KeyError."""
        index = self.index_by_id[label_id] if 0 <= label_id < 256 else IGNORE_INDEX
        if index == IGNORE_INDEX:
            raise KeyError(f'label set {self.name!r} has no label id {label_id}')
        return int(index)

    def target(self, source: str, category: str) -> str | None:
        """Return what a class of a data set becomes.

        Args:
            source: name of the data set.
            category: its class, as the data set writes it.

        Returns:
            A name in this set, `ignore`, or None if neither the map nor an equal name decides.
        """
        wanted = plain_name(category)
        known = {plain_name(key): target for key, target in self.map.items()}
        for key in (plain_name(f'{source}/{category}'), wanted):
            if key in known:
                return known[key]
        return next((name for name in self.names if plain_name(name) == wanted), None)

    @property
    def is_built_in(self) -> bool:
        """Whether `named` returns this set."""
        return _BUILT_IN.get(self.name) == self

    def to_dict(self) -> dict:
        """Return plain data for JSON."""
        data = {'name': self.name, 'labels': [asdict(label) for label in self.labels]}
        extra = {'map': dict(self.map), 'rest': self.rest}
        return data | {key: value for key, value in extra.items() if value}

    @staticmethod
    def from_dict(data: dict) -> 'LabelSet':
        """Rebuild a label set from `to_dict`'s data."""
        labels = tuple(_label(entry) for entry in data['labels'])
        return LabelSet(str(data['name']), labels, dict(data.get('map', {})), data.get('rest'))


def _label(entry: dict) -> Label:
    """Rebuild a label from plain data."""
    red, green, blue = (int(value) for value in entry['color'])
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError(f'invalid colour {red, green, blue}; expected numbers from 0 to 255')
    return Label(int(entry['id']), str(entry['name']), (red, green, blue),
                 bool(entry['has_instances']))


def _table(name: str, rows: str) -> LabelSet:
    """Read lines of `id name r g b [instances]`; underscores mean spaces."""
    labels = []
    for row in rows.strip().splitlines():
        label_id, label, r, g, b, *thing = row.split()
        color = (int(r), int(g), int(b))
        labels.append(Label(int(label_id), label.replace('_', ' '), color, bool(thing)))
    return LabelSet(name, tuple(labels))


# Ids and colours of the Cityscapes benchmark, in the order of its 19 training ids.
_CITYSCAPES = _table('cityscapes', """
    7  road          128 64 128
    8  sidewalk      244 35 232
    11 building      70 70 70
    12 wall          102 102 156
    13 fence         190 153 153
    17 pole          153 153 153
    19 traffic_light 250 170 30
    20 traffic_sign  220 220 0
    21 vegetation    107 142 35
    22 terrain       152 251 152
    23 sky           70 130 180
    24 person        220 20 60   instances
    25 rider         255 0 0     instances
    26 car           0 0 142     instances
    27 truck         0 0 70      instances
    28 bus           0 60 100    instances
    31 train         0 80 100    instances
    32 motorcycle    0 0 230     instances
    33 bicycle       119 11 32   instances
    """)

# The 11-class form of CamVid; its annotation value k is channel k, and 11 is void.
_CAMVID = _table('camvid', """
    1  sky        70 130 180
    2  building   70 70 70
    3  pole       153 153 153
    4  road       128 64 128
    5  pavement   244 35 232
    6  tree       107 142 35
    7  sign       220 220 0
    8  fence      190 153 153
    9  car        0 0 142    instances
    10 pedestrian 220 20 60  instances
    11 bicyclist  119 11 32  instances
    """)

_STICKS = _table('sticks', """
    1 background 0 0 0
    2 stick      230 159 0 instances
    """)

_BUILT_IN = {s.name: s for s in (_CITYSCAPES, _CAMVID, _STICKS)}
