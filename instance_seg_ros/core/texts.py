# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Texts of unknown origin, bounded before they reach a log, a message or a diagnostic value."""

LONGEST = 120


def shortened(text: object, limit: int = LONGEST) -> str:
    """Return a text with at most ``limit`` characters; the middle of a longer one is left out."""
    text = str(text)
    if len(text) <= limit:
        return text
    head, tail = text[:limit - 30], text[-10:]
    return f'{head}... ({len(text)} characters) ...{tail}'
