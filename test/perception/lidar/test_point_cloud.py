# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Any layout of a PointCloud2 gives the points that were written into it."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.perception.lidar.point_cloud import PointCloudError, decode_point_cloud

CODES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 8: 'f8'}


def field(name, offset, datatype, count=1):
    return SimpleNamespace(name=name, offset=offset, datatype=datatype, count=count)


def cloud(points, names=('x', 'y', 'z', 'intensity'), datatypes=(7, 7, 7, 7), *, rows=1,
          gaps=None, row_padding=0, big_endian=False):
    """Write points (N, len(names)) into a message; gaps: bytes before each field and after."""
    gaps = gaps or (0,) * (len(names) + 1)
    fields, step = [], 0
    for name, datatype, gap in zip(names, datatypes, gaps, strict=False):
        fields.append(field(name, step + gap, datatype))
        step += gap + np.dtype(CODES[datatype]).itemsize
    step += gaps[-1]
    columns = len(points) // rows
    pitch = columns * step + row_padding
    data = np.full(rows * pitch, 0xA5, np.uint8)
    for place, values in enumerate(points):
        row, column = divmod(place, columns)
        for f, value in zip(fields, values, strict=True):
            kind = np.dtype(CODES[f.datatype]).newbyteorder('>' if big_endian else '<')
            begin = row * pitch + column * step + f.offset
            data[begin:begin + kind.itemsize] = np.frombuffer(
                np.array(value, kind).tobytes(), np.uint8)
    return SimpleNamespace(height=rows, width=columns, fields=fields, is_bigendian=big_endian,
                           point_step=step, row_step=pitch, data=data.tobytes(), is_dense=False)


@given(st.data())
def test_every_layout_is_read(data):
    rows, columns = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 5))
    names = data.draw(st.permutations(('x', 'y', 'z', 'intensity', 'ring')))
    whole = data.draw(st.booleans())
    kinds = st.sampled_from((3, 5, 7, 8) if whole else (7, 8))
    datatypes = [4 if n == 'ring' else data.draw(kinds) for n in names]
    number = (st.integers(-1000, 1000) if whole
              else st.floats(-1000, 1000, width=32) | st.sampled_from((np.nan, np.inf, 0.0)))
    points = [[data.draw(st.integers(0, 63)) if n == 'ring' else data.draw(number)
               for n in names] for _ in range(rows * columns)]
    points = np.array(points, np.float64).reshape(-1, 5)
    message = cloud(points, names, datatypes, rows=rows, row_padding=data.draw(st.integers(0, 9)),
                    gaps=[data.draw(st.integers(0, 5)) for _ in range(6)],
                    big_endian=data.draw(st.booleans()))
    decoded = decode_point_cloud(message)
    xyz = points[:, [names.index(n) for n in 'xyz']].astype(np.float32)
    with np.errstate(over='ignore', invalid='ignore'):
        valid = np.isfinite(xyz).all(1) & ((xyz ** 2).sum(1) > 0)
    assert np.array_equal(decoded.xyz, xyz[valid])
    assert np.array_equal(decoded.intensity,
                          points[valid, names.index('intensity')].astype(np.float32),
                          equal_nan=True)


def test_a_cloud_without_intensity_has_zeros():
    decoded = decode_point_cloud(cloud(np.array([[1., 2, 3]]), 'xyz', (7, 7, 7)))
    assert decoded.intensity.tolist() == [0] and len(decoded) == 1


def test_an_empty_cloud_has_no_points():
    assert len(decode_point_cloud(cloud(np.zeros((0, 4))))) == 0


@pytest.mark.parametrize('change, kind', (
    ({'fields': []}, 'no_xyz'),
    ({'data': b'1234'}, 'truncated'),
    ({'point_step': 0, 'row_step': 0}, 'truncated'),
    ({'row_step': 4}, 'truncated'),
    ({'fields': [field('x', 0, 7), field('y', 4, 7), field('z', 14, 7)]}, 'field_offset'),
    ({'fields': [field('x', 0, 7), field('y', 4, 9), field('z', 8, 7)]}, 'field_type'),
))
def test_bad_clouds_are_named(change, kind):
    message = cloud(np.ones((2, 4)))
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(PointCloudError) as error:
        decode_point_cloud(message)
    assert error.value.kind == kind
