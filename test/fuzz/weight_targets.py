# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Readers of weights: checkpoints, and files made elsewhere."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from fuzz.harness import Target
from fuzz.mutations import altered
from fuzz.refusals import refused
from hypothesis import strategies as st

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.checkpoint import Checkpoint, random_checkpoint
from instance_seg_ros.inference.importing import read_tensors
from instance_seg_ros.inference.importing.mxnet_params import LIST_MAGIC, V2

_FACTS = json.loads(json.dumps(random_checkpoint().facts()))
_STATE = {'a.weight': torch.arange(6.0).reshape(2, 3), 'a.count': torch.tensor(3)}
_BUILT_FROM = ('network', 'task', 'options', 'embedding_dims', 'method')


def _checkpoint(facts: Any, state: dict = _STATE) -> bytes:
    return safetensors.torch.save(state, {'instance_seg_ros': json.dumps(facts)})


def _torch_file(content: Any, **options) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def _mxnet_file() -> bytes:
    array = np.arange(6, dtype='<f4').reshape(2, 3)
    return b''.join((
        struct.pack('<QQQ', LIST_MAGIC, 0, 1), struct.pack('<IiI', V2, 0, 2),
        struct.pack('<qq', *array.shape), struct.pack('<iii', 1, 0, 0), array.tobytes(),
        struct.pack('<QQ', 1, 5), b'arg:w'))


def _load(case: bytes, folder: Path) -> str:
    path = folder / 'case.safetensors'
    path.write_bytes(case)
    try:
        checkpoint = Checkpoint.load(path)
        assert len(checkpoint.checksum) == 12 and checkpoint.bandwidths is not None
        if any(getattr(checkpoint, name) != _FACTS[name] for name in _BUILT_FROM):
            checkpoint.build()
    except UserError as error:
        return refused(error)
    return 'accepted'


def _import(case: bytes, folder: Path) -> str:
    path = folder / 'case.weights'
    path.write_bytes(case)
    try:
        tensors = read_tensors(path)
    except UserError as error:
        return refused(error)
    assert all(isinstance(tensor, torch.Tensor) for tensor in tensors.values())
    return 'accepted'


_NESTED = {'state_dict': _STATE, 'epoch': 3}
_NESTED['model'] = _NESTED
TARGETS = (
    Target('checkpoints', _load, (_checkpoint(_FACTS), _checkpoint(_FACTS, {})),
           st.builds(_checkpoint, altered(_FACTS)), 0.4, weight=0.3),
    Target('weight imports', _import, (
        _torch_file(_STATE), _torch_file(_NESTED), _mxnet_file(),
        _torch_file(_STATE, _use_new_zipfile_serialization=False),
        safetensors.torch.save(_STATE)), weight=1.0),
)
