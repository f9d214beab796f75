# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The names by which errors are counted."""

LONGEST = 4000


def refused(error: Exception) -> str:
    """Return the kind of an error that a user is meant to read; its text has to be bounded."""
    assert 0 < len(str(error)) <= LONGEST, f'a text of {len(str(error))} characters'
    return getattr(error, 'kind', type(error).__name__)
