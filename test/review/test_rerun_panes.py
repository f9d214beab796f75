# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Panes of the Rerun viewer have the titles of RViz's and Foxglove's."""

import pytest

pytest.importorskip('rerun')

from instance_seg_ros.review.recording import Camera  # noqa: E402
from instance_seg_ros.review.rerun_view import blueprint  # noqa: E402
from instance_seg_ros.visualization.panes import COUNTS, LATENCY, TITLES  # noqa: E402


def titles(container):
    """Return the names of all views in a container."""
    views = getattr(container, 'contents', None)
    if not views or all(isinstance(part, str) for part in views):
        return [container.name]
    return [title for part in views for title in titles(part)]


def test_titles():
    prefixes = ['/instance_seg/front', '/instance_seg/rear']
    one = [*(TITLES[name] for name in ('overlay', 'class_overlay', 'instance_overlay')),
           LATENCY, COUNTS]
    stages = {'total': [1.0]}
    assert titles(blueprint([Camera('/instance_seg', stages_ms=stages)]).root_container) == one
    cameras = [Camera(prefix, stages_ms=stages) for prefix in prefixes]
    found = titles(blueprint(cameras).root_container)
    assert found[0] == 'front: overlay' and len(set(found)) == len(found) == 2 * len(one)
