# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Films as a player finds them."""

import av
import numpy as np
import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.io.video_writer import write_film

DAY = 86_400


@pytest.mark.parametrize('seconds, shown', [
    ((5, 5.1, 5.3), (0, 0.1, 0.3)),
    ((0, 1_700_000_000, 1_700_000_000.1), (0, 3600, 3600.1)),
    (range(0, 9 * DAY, DAY), range(0, 9 * 3600, 3600)),
    ((7, 7, 7), (0, 0, 0))])
def test_images_stand_until_the_next_one_but_an_hour_at_most(tmp_path, seconds, shown):
    """Stamps that leap, and a film that is longer than mp4 can show one image."""
    frames = [(at, np.full((48, 64, 3), 20 * k, np.uint8)) for k, at in enumerate(seconds)]
    assert write_film(tmp_path / 'f.mp4', frames) == len(frames)
    with av.open(str(tmp_path / 'f.mp4')) as film:
        times = [frame.time for frame in film.decode(video=0)]
    assert times == pytest.approx(list(shown), abs=1e-3)


def test_an_av_without_encoders_is_named(tmp_path, monkeypatch):
    """Builds without GPL parts or for playing alone have neither."""
    monkeypatch.setattr(av, 'codecs_available', {'h264'})
    with pytest.raises(UserError, match='no video encoder libx264 or mpeg4'):
        write_film(tmp_path / 'f.mp4', [(0.0, np.zeros((48, 64, 3), np.uint8))])
