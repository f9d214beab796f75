# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""YAML with the rules of rcl for parameters files, without ROS."""

from __future__ import annotations

import re
from typing import Any

import yaml


def load(text: str) -> Any:
    """Return the content of a parameters file; raises yaml.YAMLError."""
    return yaml.load(text, _Loader)     # noqa: S506 (it is a SafeLoader)


class _Loader(yaml.SafeLoader):
    """Resolves unquoted words to the types that rcl gives them.

    YAML 1.1 reads 1e2 and y as strings, and 12:30, 2026-11-23 and null as other types.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    bool_values = {**yaml.SafeLoader.bool_values, 'y': True, 'n': False}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> Any:
        """Refuse aliases, as rcl does: a few lines of them stand for any amount of data."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(
                None, None, 'aliases (*name) are unsupported', self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Read every key as a string: a camera may be named n."""
        for key, _ in node.value:
            key.tag = 'tag:yaml.org,2002:str'
        return super().construct_mapping(node, deep)


def _forms(*words: str) -> str:
    return '|'.join(form for word in words for form in (word, word.capitalize(), word.upper()))


for _kind, _pattern in {
        'bool': _forms('y', 'yes', 'true', 'on', 'n', 'no', 'false', 'off'),
        'int': r'[-+]?(0|[1-9]\d*|0[0-7]+|0x[\da-fA-F]+)',
        'float': r'[-+]?((\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|\.(inf|Inf|INF))|\.(nan|NaN|NAN)',
        'null': ''}.items():
    _Loader.add_implicit_resolver(
        f'tag:yaml.org,2002:{_kind}', re.compile(rf'({_pattern})\Z', re.ASCII), None)
