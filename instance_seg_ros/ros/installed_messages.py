# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Classes of message types by name, from installed ROS packages alone."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ..bags.type_names import canonical_type, is_message_type


def message_class(type_name: str) -> type | None:
    """Return the Python class of `package/msg/Name`; None where the package is not installed.

    Only packages below the sourced ROS prefixes or this environment are imported: a module of
    that name next to a bag or in the current folder is not.
    """
    type_name = canonical_type(type_name)
    if not is_message_type(type_name):
        return None
    package, _, name = type_name.partition('/msg/')
    if package not in sys.modules and not _is_installed(package):
        return None
    try:
        return getattr(import_module(f'{package}.msg'), name, None)
    except ImportError:
        return None


def _is_installed(package: str) -> bool:
    """Whether Python would find a package below an installation's prefix; imports nothing."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return False
    if spec is None or not spec.origin:
        return False
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    found = Path(spec.origin).resolve()
    return any(found.is_relative_to(Path(prefix).resolve()) for prefix in prefixes if prefix)
