# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Names of message types, as used by all versions of ROS 2."""

import re

_TYPE = re.compile(r'([A-Za-z][A-Za-z0-9_]*)/(?:msg/)?([A-Za-z][A-Za-z0-9_]*)\Z')


def canonical_type(name: str) -> str:
    """Return `package/msg/Name` also for `package/Name`, the form of ROS 2 Crystal and Dashing.

    Anything else is returned as it is.
    """
    found = _TYPE.match(name)
    return f'{found[1]}/msg/{found[2]}' if found else name


def is_message_type(name: str) -> bool:
    """Whether a name is `package/msg/Name` (and so neither a path nor an expression)."""
    return canonical_type(name) == name and bool(_TYPE.match(name))
