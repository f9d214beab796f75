# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a device still computes after an error.

Some CUDA errors (an illegal address, a device-side assert, a lost device) stay: every later call
of the process fails, whatever is freed or loaded again. Others, such as too little memory, do not.
"""

import threading

import torch


def device_answers(device: torch.device | str, timeout_s: float = 10.) -> bool:
    """Compute a sum on the device and return whether it came back right and in time.

    A device that hangs leaves a daemon thread behind that waits for it.
    """
    answers = []

    def probe() -> None:
        try:
            ones = torch.ones(16, device=device)
            answers.append(float(ones.sum().cpu()) == 16)
        except RuntimeError:
            answers.append(False)

    thread = threading.Thread(target=probe, name='device probe', daemon=True)
    thread.start()
    thread.join(timeout_s)
    return answers == [True]
