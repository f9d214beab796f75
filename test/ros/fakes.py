# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node with a segmenter that is fast, deterministic and fails on demand.

``python fakes.py [--ros-args ...]`` runs it (with REAL_SEGMENTER in the environment, the real one
instead); SIGUSR1 shuts its context down, as another part of the process would. The fake finds one
car (26000) in the left half of every image and one person (24000) in its lower right quarter.
What the images say steers it: the blue value of the pixel at row 0, column 0 is taken as an order
(see ``ORDERS``).
"""

import os
import signal
import threading
import time
from types import SimpleNamespace

import numpy as np
import rclpy

from instance_seg_ros.core.errors import DeviceError, UserError
from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.inference.engine_choice import EngineChoice
from instance_seg_ros.ros.main import main

ORDERS = {'slow': 201, 'out_of_memory': 202, 'bug': 203, 'very_slow': 204,
          'other_number': 205, 'lost': 206}
CITYSCAPES = LabelSet.named('cityscapes')


class OutOfMemoryError(RuntimeError):
    """Looks like torch.OutOfMemoryError."""


def require_device():
    """Fail while there is the file that FAKE_LOST names."""
    if os.path.exists(os.environ.get('FAKE_LOST', '')):
        raise RuntimeError('CUDA error: device lost')


class FakeSegmenter:
    """Stands in for InstanceSegmenter."""

    open_count = 0

    def __init__(self, settings, device):
        if settings.checkpoint:
            raise UserError(f'There is no checkpoint {settings.checkpoint}.')
        if os.environ.get('FAKE_LOAD') == 'bug':
            raise KeyError('a bug while loading')
        require_device()
        self.label_set, self.device, self.input_size = CITYSCAPES, 'fake:0', (64, 32)
        self.engine = EngineChoice('fake', 'auto')
        if device == 'cpu' or os.environ.get('FAKE_DEVICE') == 'cpu':
            self.device = 'cpu'
        self.checkpoint = SimpleNamespace(network='fake', checksum='0123456789ab',
                                          bandwidths={'car': 1.75, 'person': 1.5})
        self.batches, self.options = [], {}
        self._lock = threading.Lock()       # as the real one has it
        FakeSegmenter.open_count += 1

    def warm_up(self, batch_size=1):
        self.warmed_up = batch_size

    def configure(self, **options):
        known = {label.name for label in CITYSCAPES.labels if label.has_instances}
        for name in (*options['classes'], *options['score_threshold'], *options['min_area'],
                     *options['bandwidth']):
            if name not in known:
                raise UserError(f'There is no class {name!r}.')
        self.options = options

    def close(self):
        with self._lock:
            require_device()
            FakeSegmenter.open_count -= 1

    def __call__(self, images):
        with self._lock:
            self.batches.append(len(images))
            for image in images:
                self._obey(int(image[0, 0, 2]))
            return [self._find(image) for image in images]

    def _obey(self, order):
        if order == ORDERS['slow']:
            time.sleep(0.5)
        elif order == ORDERS['very_slow']:
            time.sleep(20)
        elif order == ORDERS['out_of_memory'] and self.device != 'cpu':
            raise OutOfMemoryError('fake out of memory')
        elif order == ORDERS['lost'] and self.device != 'cpu':
            raise DeviceError('fake device lost', process_lost=True)
        elif order == ORDERS['bug']:
            raise ZeroDivisionError('a bug')

    def _find(self, image):
        height, width = image.shape[:2]
        number = 3 * (image[0, 0, 2] == ORDERS['other_number'])
        class_mask = np.full((height, width), 7, np.uint8)
        instance_mask = np.zeros((height, width), np.uint16)
        for label_id, rows, columns in ((26, slice(None), slice(0, width // 2)),
                                        (24, slice(height // 2, None), slice(width // 2, None))):
            class_mask[rows, columns] = label_id
            instance_mask[rows, columns] = label_id * 1000 + number
        timings = {'preprocess': 0.1, 'network': 0.2, 'clustering': 0.3, 'masks': 0.4}
        return InstanceMap.from_masks(CITYSCAPES, class_mask, instance_mask,
                                      scores={26000: 0.75, 24000: 0.5}, timings_ms=timings)


def shut_the_context_down(number, frame):
    threading.Thread(target=rclpy.try_shutdown).start()


if __name__ == '__main__':
    signal.signal(signal.SIGUSR1, shut_the_context_down)
    main(load=None if 'REAL_SEGMENTER' in os.environ else FakeSegmenter)
