# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The table of parameters in docs/parameters.md, generated from their declarations.

``python3 -m instance_seg_ros.node_config.parameter_table docs/parameters.md`` updates it in place;
without a file the table is printed.
"""

import re
import sys
from pathlib import Path
from typing import Any

from .parameters import CAMERA_FIELDS, NODE_FIELDS, type_name


def markdown_table() -> str:
    """Return the table of all parameters."""
    rows = ['| Parameter | Type | Default | Range | Changes | Meaning |',
            '|---|---|---|---|---|---|']
    names = [*(n for n in NODE_FIELDS if n not in CAMERA_FIELDS), *CAMERA_FIELDS]
    for name in names:
        declared = NODE_FIELDS[name]
        label = f'`{name}`' + (' (per camera)' if name in CAMERA_FIELDS else '')
        rows.append(f'| {label} | {type_name(declared)} | {_default_text(declared)} | '
                    f'{_range_text(declared.metadata)} | {declared.metadata["when"]} | '
                    f'{declared.metadata["description"]} |')
    return '\n'.join(rows) + '\n'


def _default_text(declared: Any) -> str:
    value = declared.default
    if isinstance(value, bool):
        return f'`{str(value).lower()}`'
    if value == ():
        return "`['']`" if declared.type == tuple[str, ...] else '`[0.0]`'
    if isinstance(value, tuple):
        return f'`[{", ".join(map(str, value))}]`'
    return f'`{value}`' if value != '' else '`""`'


def _range_text(metadata: Any) -> str:
    if metadata['choices']:
        return ', '.join(f'`{choice}`' for choice in metadata['choices'])
    return '' if metadata['minimum'] is None else f'{metadata["minimum"]} to {metadata["maximum"]}'


def with_table(text: str) -> str:
    """Return a text with the table between its two comments about parameters updated."""
    return re.sub(r'(<!-- parameters:.*?-->\n).*?(<!-- end of parameters -->)',
                  lambda match: match[1] + markdown_table() + match[2], text, flags=re.DOTALL)


if __name__ == '__main__':
    for name in sys.argv[1:]:
        Path(name).write_text(with_table(Path(name).read_text()))
    if not sys.argv[1:]:
        print(markdown_table(), end='')
