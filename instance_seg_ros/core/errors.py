# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Something the user gave is wrong; the message names it and the remedy in a sentence.

    Command-line verbs print the message alone and end with exit status 2; the node refuses
    the transition or parameter with it.
    """
