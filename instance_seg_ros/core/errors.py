# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Exceptions with messages for users."""


_NO_MEMORY = ("can't allocate memory", 'Cannot allocate memory', 'not enough memory', 'bad_alloc',
              'Insufficient memory', "can't start new thread", 'failed to map segment')


class UserError(Exception):
    """Something the user gave is wrong; the message names it and the remedy in a sentence.

    Command-line verbs print the message alone and end with exit status 2; the node refuses
    the transition or parameter with it.
    """


class DeviceError(RuntimeError):
    """A device failed; not the program's fault nor that of its input.

    Attributes:
        process_lost: only a new process can use the device again.
    """

    def __init__(self, message: str, process_lost: bool = False):
        """Take the message and whether this process can go on with the device."""
        super().__init__(message)
        self.process_lost = process_lost


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that the memory of the host is used up.

    PyTorch, OpenCV, the loader of libraries and the start of a thread have no MemoryError for it.
    """
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)
