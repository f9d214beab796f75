# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The MXNet container: every version and element type, and every way to be damaged."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from inference.importing.params_file import KINDS, MAGICS, write_params

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.importing.mxnet_params import read_params

ARRAYS = st.sampled_from(sorted(KINDS)).flatmap(lambda dtype: arrays_of.arrays(
    dtype, arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)))
FILES = st.dictionaries(st.text(max_size=12), ARRAYS, max_size=5)
ONCE = settings(max_examples=40, deadline=None,
                suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONCE
@given(FILES, st.sampled_from([0, *MAGICS]))
def test_round_trip(tmp_path, content, version):
    """Names, types, shapes and values survive in each version of the format."""
    write_params(tmp_path / 'a.params', content, version)
    read = read_params(tmp_path / 'a.params')
    assert list(read) == list(content)
    for name, array in content.items():
        assert read[name].dtype == array.dtype and read[name].shape == array.shape
        np.testing.assert_array_equal(read[name], array)


@ONCE
@given(FILES.filter(bool), st.data())
def test_a_file_that_ends_early_is_refused(tmp_path, content, data):
    """Wherever it is cut."""
    path = tmp_path / 'a.params'
    write_params(path, content)
    whole = path.read_bytes()
    path.write_bytes(whole[:data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(UserError, match=r'a\.params is not a whole'):
        read_params(path)


@ONCE
@given(FILES.filter(bool), st.data())
def test_damage_never_ends_in_another_error(tmp_path, content, data):
    """Any byte may be anything."""
    path = tmp_path / 'a.params'
    write_params(path, content)
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged)
    try:
        read_params(path)
    except UserError:
        pass


@pytest.mark.parametrize('version', [1, 2, 3])
def test_arrays_without_a_value_are_left_out(tmp_path, version):
    """As initialised but never used ones are."""
    write_params(tmp_path / 'a.params', {'none': None, 'one': np.ones(2, '<f4')}, version)
    assert list(read_params(tmp_path / 'a.params')) == ['one']


def test_sparse_arrays_are_named(tmp_path):
    """They do not occur in networks; the reader says so instead of misreading."""
    path = tmp_path / 'a.params'
    write_params(path, {'a': np.ones(2, '<f4')})
    data = bytearray(path.read_bytes())
    data[28] = 1   # storage type of the first array
    path.write_bytes(data)
    with pytest.raises(UserError, match='sparse'):
        read_params(path)
