# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Camera images of every canonical encoding, decoded to RGB.

``decode_raw`` takes the fields of ``sensor_msgs/Image``, ``decode_compressed`` those of
``sensor_msgs/CompressedImage``, ``decode_image_file`` the content of a file; none needs ROS.
Conventions:

- Rows are ``step`` bytes apart, whatever padding follows the last pixel of a row.
- 16-bit values are scaled over their full range, ``round(v * 255 / 65535)``, the same for every
  frame. A 12-bit camera has to shift its values up, or its images are dark.
- ``8UC3``/``8UC4`` (and ``16UC3``/``16UC4``) are taken as OpenCV's order, BGR/BGRA.
- The planes of nv12, nv21 and nv24 follow each other without rows between them; the luma plane's
  rows are ``step`` bytes apart, the chroma plane's likewise (nv24: twice that).
- YUV is BT.601 in video range (Y 16..235), as cameras and OpenCV have it.
- The result may share memory with the input: treat it as read-only.
"""

from .compressed_image import decode_compressed, decode_image_file, read_stored
from .image_error import ImageError
from .raw_image import ENCODINGS, decode_raw

__all__ = ['ENCODINGS', 'ImageError', 'decode_compressed', 'decode_image_file', 'decode_raw',
           'read_stored']
