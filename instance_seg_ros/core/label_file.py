# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Label sets of one's own: YAML files with names, ids, colours and aliases in data sets."""

import colorsys
from collections.abc import Iterator
from pathlib import Path

import yaml

from .errors import UserError
from .labels import IGNORED, MAX_LABELS, Label, LabelSet
from .texts import shortened

_FILE_KEYS = {'name', 'classes', 'map', 'rest'}
_CLASS_KEYS = {'name', 'id', 'color', 'instances', 'aliases'}


def is_label_file(name: str) -> bool:
    """Return whether the text names a file, not a built-in label set."""
    return name.endswith(('.yaml', '.yml'))


def load_label_set(path: Path | str) -> LabelSet:
    """Read a label set.

    Args:
        path: YAML file. `classes` is a list of mappings: `name`; `id` (1 to 64, numbered through
            where it is missing); `color` (RGB, 0 to 255); `instances` (whether its objects are
            separated); `aliases` (other names, a list, or lists by data set). `map`: classes of
            data sets to names or `ignore`. `rest`: class of the pixels outside all objects.

    Raises:
        UserError: when the file is missing, not YAML, or does not describe a label set.
    """
    try:
        data = yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise UserError(f'{path}: cannot read this label set ({error.strerror}).') from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f'{path}: invalid YAML ({shortened(error, 500)}).') from error
    try:
        return _label_set(data, Path(path).stem)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f'{path}: invalid label set: {shortened(error, 500)}.') from error


def save_label_set(path: Path, label_set: LabelSet) -> None:
    """Write a label set as `load_label_set` reads it."""
    lines = [f'name: {_plain(label_set.name)}', 'classes:']
    for label in label_set.labels:
        thing = ', instances: true' if label.has_instances else ''
        lines.append(f'  - {{name: {_plain(label.name)}, id: {label.id}, '
                     f'color: {list(label.color)}{thing}}}')
    lines.append('# What the classes of data sets become: another name above, or ignore.')
    entries = ', '.join(f'{_plain(k)}: {_plain(v)}' for k, v in label_set.map.items())
    lines.append(f'map: {{{entries}}}')
    if label_set.rest:
        lines += ['# Pixels outside all objects of data sets that annotate objects alone.',
                  f'rest: {_plain(label_set.rest)}']
    path.write_text('\n'.join(lines) + '\n')


def distinct_color(index: int) -> tuple[int, int, int]:
    """Return a colour for the class at an index: RGB, uint8 range, hues a golden angle apart."""
    rgb = colorsys.hsv_to_rgb(index * .618034 % 1, .65 + .3 * (index % 2), .95 - .25 * (index % 3))
    red, green, blue = (round(255 * channel) for channel in rgb)
    return red, green, blue


def _label_set(data: object, name: str) -> LabelSet:
    if not isinstance(data, dict) or not isinstance(data.get('classes'), list):
        raise ValueError('it needs a list `classes`')
    _no_others('the file', data, _FILE_KEYS)
    classes = [{'name': c} if isinstance(c, str) else c for c in data['classes']]
    taken = {c.get('id') for c in classes if isinstance(c, dict)}
    free = (k for k in range(1, MAX_LABELS + 1) if k not in taken)
    labels = tuple(_label(c, index, free) for index, c in enumerate(classes))
    aliases = {alias: c['name'] for c in classes for alias in _aliases(c)}
    mapped = data.get('map') or {}
    if not isinstance(mapped, dict):
        raise ValueError('`map` is not a mapping of names')
    own = {str(key): str(value) for key, value in mapped.items()}
    rest = data.get('rest')
    return LabelSet(str(data.get('name', name)), labels, aliases | own,
                    None if rest is None else str(rest))


def _label(data: object, index: int, free: Iterator[int]) -> Label:
    if not isinstance(data, dict) or not data.get('name'):
        raise ValueError(f'class {index + 1} has no name')
    name = str(data['name'])
    _no_others(f'class {name!r}', data, _CLASS_KEYS)
    if name == IGNORED:
        raise ValueError(f'{IGNORED!r} cannot be the name of a class')
    color = tuple(int(c) for c in data.get('color', distinct_color(index)))
    if len(color) != 3 or not all(0 <= c <= 255 for c in color):
        raise ValueError(f'the color of class {name!r} is not three numbers from 0 to 255')
    number = data['id'] if 'id' in data else next(free)
    return Label(int(number), name, color, bool(data.get('instances', False)))


def _aliases(data: dict) -> Iterator[str]:
    aliases = data.get('aliases') or []
    if isinstance(aliases, dict):
        yield from (f'{source}/{alias}' for source, names in aliases.items() for alias in names)
    else:
        yield from map(str, aliases)


def _no_others(where: str, data: dict, known: set[str]) -> None:
    unknown = sorted(map(str, set(data) - known))
    if unknown:
        raise ValueError(f'{where} has an unknown entry {", ".join(unknown)}; '
                         f'there are {", ".join(sorted(known))}')


def _plain(text: str) -> str:
    """Return a YAML scalar that reads back as this text."""
    return yaml.safe_dump(text, default_flow_style=True, width=999).removesuffix('\n...\n').strip()
