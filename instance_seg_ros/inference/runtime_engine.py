# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engine whose network runs outside PyTorch; the clustering is that of `EagerEngine`."""

from .eager_engine import EagerEngine


class RuntimeEngine(EagerEngine):
    """Dynamic-shape clustering of what a `NetworkRuntime` computes."""

    def prepare(self, batch_size: int, shape: tuple[int, int]) -> None:
        """Export and compile the network for images of shape (H, W); takes seconds.

        Raises:
            UserError: when a package or provider is missing.
            DeviceError: when the runtime does not take the network.
        """
        self.network.prepare(shape)
