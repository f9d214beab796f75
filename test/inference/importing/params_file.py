# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writes MXNet's .params container, in each of its versions, for the tests."""

import struct

import numpy as np

KINDS = {'<f4': 0, '<f8': 1, '<f2': 2, '|u1': 3, '<i4': 4, '|i1': 5, '<i8': 6, '|b1': 7}
MAGICS = {1: 0xF993FAC8, 2: 0xF993FAC9, 3: 0xF993FACA}


def write_params(path, arrays, version=2):
    """Write {name: array} as MXNet does; a None stands for an array without a value."""
    parts = [struct.pack('<QQQ', 0x112, 0, len(arrays))]
    parts += [_array(a, version) for a in arrays.values()]
    parts.append(struct.pack('<Q', len(arrays)))
    parts += [struct.pack('<Q', len(n.encode())) + n.encode() for n in arrays]
    path.write_bytes(b''.join(parts))


def _array(array, version):
    head = b'' if version == 0 else struct.pack('<I', MAGICS[version])
    head += struct.pack('<i', 0) if version >= 2 else b''
    if array is None:
        return head + struct.pack('<i', -1 if version == 3 else 0)
    array = np.asarray(array)
    head += struct.pack('<I', array.ndim)
    head += struct.pack(f'<{array.ndim}{"q" if version else "I"}', *array.shape)
    head += struct.pack('<iii', 2, 0, KINDS[array.dtype.str])   # from GPU 0
    return head + array.tobytes()


def resnet38_names():
    """Return the names of the authors' file: convolutions, norms, classifier of ImageNet."""
    blocks = ['2a', '2b1', '2b2', '3a', '3b1', '3b2', '4a', *(f'4b{k}' for k in range(1, 6)),
              '5a', '5b1', '5b2', '6a', '7a']
    norms, names = ['bn7'], ['arg:conv1a_weight', 'arg:linear1000_weight', 'arg:linear1000_bias']
    for block in blocks:
        branches = ['branch2a', 'branch2b1'] + ['branch2b2'] * (block in ('6a', '7a'))
        norms += [f'bn{block}_{branch}' for branch in branches]
        branches += ['branch1'] * block.endswith('a')
        names += [f'arg:res{block}_{branch}_weight' for branch in branches]
    names += [f'arg:{norm}_{what}' for norm in norms for what in ('gamma', 'beta')]
    return names + [f'aux:{norm}_moving_{what}' for norm in norms for what in ('mean', 'var')]
