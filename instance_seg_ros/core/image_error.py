# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Why an image could not be decoded."""


class ImageError(ValueError):
    """An image which cannot be decoded: ``kind`` is a short name to count by."""

    KINDS = ('zero_size', 'unknown_encoding', 'wrong_step', 'wrong_size', 'short_data',
             'over_limit', 'broken_compressed')

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind
