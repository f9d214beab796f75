# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Store photographs in Cityscapes' layout; the image comes last and says "complete"."""

import json
from pathlib import Path

import cv2

from ...core.atomic_file import atomic_path


class CityscapesWriter:
    """Write one split of one city below a folder; names are CITY_SEQUENCE_FRAME."""

    def __init__(self, root, split, city):
        self.root, self.split, self.city = Path(root), split, city

    def path(self, folder, sequence, frame, ending):
        """Return the file of one kind of one frame."""
        name = f'{self.city}_{sequence:06d}_{frame:06d}_{ending}'
        return self.root / folder / self.split / self.city / name

    def done(self, sequence, frame=0):
        """Say whether a frame is complete."""
        return self.path('leftImg8bit', sequence, frame, 'leftImg8bit.png').is_file()

    def write(self, photo, sequence, frame=0):
        """Write all files of a frame."""
        def put(folder, ending, data):
            path = self.path(folder, sequence, frame, ending)
            with atomic_path(path) as draft:
                draft.write_bytes(data)
        put('gtFine', 'gtFine_instanceIds.png', _png(photo.instances))
        put('gtFine', 'gtFine_labelIds.png', _png(photo.labels))
        put('disparity', 'disparity.png', _png(photo.disparity))
        put('camera', 'camera.json', json.dumps(photo.camera, indent=1).encode())
        put('leftImg8bit', 'leftImg8bit.png', _png(photo.image[..., ::-1]))


def _png(image):
    ok, data = cv2.imencode('.png', image, [cv2.IMWRITE_PNG_COMPRESSION, 2])
    if not ok:
        raise OSError('OpenCV could not encode a PNG image.')
    return data.tobytes()
