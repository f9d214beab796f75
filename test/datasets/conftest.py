# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Keep the indices of tests out of the user's cache."""
    folder = tmp_path_factory.mktemp('cache')
    monkeypatch.setenv('XDG_CACHE_HOME', str(folder))
    return folder
