# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Devices by name, and what they are good at."""

import torch

from ..core.errors import DeviceError, UserError
from ..networks.folding import fold_norms


def resolve_device(name: str) -> torch.device:
    """Return a device, of CUDA always with its index.

    Without an index a tensor goes to the current device of whichever thread makes it.

    Args:
        name: `auto` (CUDA if available), `cpu`, `cuda` or `cuda:N`.

    Raises:
        UserError: for a device that is not there; lists the available ones.
    """
    if name == 'auto':
        name = 'cuda' if torch.cuda.is_available() else 'cpu'
    devices = ['cpu'] + [f'cuda:{k}' for k in range(torch.cuda.device_count())]
    if name == 'cuda' and len(devices) > 1:
        return torch.device('cuda', torch.cuda.current_device())
    if name not in devices:
        raise UserError(f'Unknown device {name!r}; available: {", ".join(devices)}.')
    return torch.device(name)


def half_is_fast(device: torch.device) -> bool:
    """Return whether a CUDA device gains by half precision.

    From compute capability 7.0 on there are tensor cores; of the earlier ones some compute in half
    precision at 1/64 of the rate of float32.
    """
    return torch.cuda.get_device_capability(device) >= (7, 0)


def place_network(network: torch.nn.Module, device: torch.device, half: bool) -> torch.nn.Module:
    """Return the network with folded normalisation on the device, in half precision if asked.

    Raises:
        DeviceError: when the device does not take it.
    """
    try:
        # Channels last halves the time of convolutions on CPUs and feeds tensor cores.
        network = fold_norms(network).to(device, memory_format=torch.channels_last)
    except RuntimeError as error:
        raise DeviceError(f'The network cannot be placed on {device}: {error}') from error
    return network.half() if half else network
