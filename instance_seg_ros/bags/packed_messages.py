# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that a recorder compressed one by one (rosbag2's compression mode `message`).

Only metadata.yaml says so, and a recorder that was killed wrote none. A CDR message begins with
a zero byte, a zstd frame with its magic number (RFC 8878, section 3.1.1).
"""

import zstandard

LARGEST = 1 << 30
"""Bytes of an unpacked message; a frame that claims more is refused."""
_MAGIC = b'\x28\xb5\x2f\xfd'


def unpacked(data: bytes) -> bytes:
    """Return a message as it was before it was compressed.

    Raises:
        ValueError: when it is damaged, or claims to be larger than `LARGEST`.
    """
    if data[:4] != _MAGIC:
        return data
    try:
        size = zstandard.frame_content_size(data)
        if size > LARGEST:
            raise ValueError(f'a compressed message claims {size} bytes')
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=LARGEST
                                                       if size < 0 else 0)
    except zstandard.ZstdError as error:
        raise ValueError(f'a compressed message is damaged ({error})') from error
