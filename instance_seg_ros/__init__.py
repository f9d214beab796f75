# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Instance segmentation for vehicles: pixel embeddings, clustered per semantic class."""

from importlib import import_module
from typing import Any

__version__ = '0.1.0'

_EXPORTS = {
    'InstanceSegmenter': 'inference.segmenter',
    'InstanceMap': 'core.instances',
    'Instance': 'core.instances',
    'LabelSet': 'core.labels',
    'Checkpoint': 'inference.checkpoint',
    'UserError': 'core.errors',
}
__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    # Lazy, so that `instance_seg --help` and the launch files do not pay for importing torch.
    if name in _EXPORTS:
        return getattr(import_module(f'{__name__}.{_EXPORTS[name]}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
