# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Segmenter, cameras, pipeline and publishers of the node, put together."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode

from ..core.stages import NODE_STAGES
from ..node_config.builders import overlay_style, region_of
from ..node_config.parameters import AllSettings, NodeSettings
from ..node_config.segmenter_factory import describe, first_line, gpu_memory, tune
from ..perception.frame_batcher import FrameBatcher
from ..perception.frame_processor import ProcessedFrame
from .camera_subscription import CameraSubscription, IncomingFrame
from .outputs import CameraPublishers, VehiclePointsPublisher
from .pipeline import Pipeline

_ABANDONED: list[Any] = []      # kept until the process ends


class Runtime:
    """The node's working parts, from ``load`` to ``release``; active between ``run`` and ``stop``.

    Args:
        node: creates subscriptions and publishers.
        settings: names and parameters of the cameras.
        load: makes the segmenter from settings and the name of a device.
        on_fault: called from the pipeline's thread with the error that ended it.
    """

    def __init__(self, node: LifecycleNode, settings: AllSettings,
                 load: Callable[[NodeSettings, str], Any],
                 on_fault: Callable[[Exception], None]) -> None:
        self._node, self._load_segmenter, self._on_fault = node, load, on_fault
        self._segmenter: Any = None
        self._pipeline: Pipeline | None = None
        self._outputs: dict[str, CameraPublishers] = {}
        self._vehicle_points: VehiclePointsPublisher | None = None
        self.cameras = {name: CameraSubscription(name, own, self._now_ns)
                        for name, own in settings.cameras.items()}

    @property
    def is_loaded(self) -> bool:
        """Whether a network is loaded."""
        return self._segmenter is not None

    def load(self, settings: AllSettings, device: str) -> dict[str, str]:
        """Load the network, warm it up and create the publishers; return facts about it."""
        for camera in self.cameras.values():
            own = settings.cameras[camera.name]
            camera.update(own, region_of(own), overlay_style(settings.node))
        self._segmenter = self._load_segmenter(settings.node, device)
        # In this thread, not in the pipeline's: it keeps OpenMP threads of its own, so there are
        # more of them than cores, and OpenMP makes all of them sleep after each operation instead
        # of spinning. That is slower on an idle machine, but next to other processes spinning
        # threads stall one another for seconds (docs/performance.md).
        self._segmenter.warm_up(len(self.cameras))
        stages = self._segmenter([np.zeros((64, 64, 3), np.uint8)])[0].timings_ms
        for camera in self.cameras.values():
            # One by one: when creating one fails, release removes those that exist.
            self._outputs[camera.name] = CameraPublishers(
                self._node, camera.prefix, camera.settings, [*stages, *NODE_STAGES])
        self._vehicle_points = VehiclePointsPublisher.of(self._node, settings.cameras)
        return describe(self._segmenter)

    def run(self, settings: NodeSettings) -> None:
        """Subscribe, segment and publish."""
        batcher: FrameBatcher[IncomingFrame] = FrameBatcher(
            settings.batch_timeout_ms / 1000, self.cameras)
        self._pipeline = Pipeline(self._segmenter, batcher, self._outputs, self._now_ns,
                                  self._on_fault, self._node.get_logger(),
                                  str(self._segmenter.device), self._add_vehicle_points)
        self._pipeline.start()
        for camera in self.cameras.values():
            camera.subscribe(self._node, batcher)
        self._publish_labels(settings)

    def _add_vehicle_points(self, camera: str, frame: ProcessedFrame) -> None:
        if self._vehicle_points is not None:
            self._vehicle_points.add(camera, frame)

    def stop(self, timeout_s: float) -> bool:
        """Stop publishing at once, and unsubscribe; return whether the pipeline's thread ended.

        A thread that has not ended keeps the network, which cannot be closed then.
        """
        stopped = self._pipeline is None or self._pipeline.stop(timeout_s)
        self._pipeline = None
        for camera in self.cameras.values():
            camera.unsubscribe(self._node)
        if not stopped:
            self._segmenter = None      # closing it would wait for the blocked call
            self._node.get_logger().warning(
                'the inference call is still blocked; its memory stays allocated until it returns')
        return stopped

    def free(self) -> None:
        """Remove the publishers and free the network's memory now, before another is loaded."""
        self.release()
        gc.collect()

    def release(self) -> None:
        """Remove the publishers and close the network."""
        for outputs in self._outputs.values():
            outputs.destroy()
        self._outputs = {}
        if self._vehicle_points is not None:
            self._vehicle_points.destroy()
            self._vehicle_points = None
        segmenter, self._segmenter = self._segmenter, None
        if segmenter is not None:
            try:
                segmenter.close()
            except RuntimeError as error:       # a lost device cannot free its memory
                self._node.get_logger().warning(
                    f'cannot free the device: {first_line(error)}')

    def apply(self, settings: AllSettings) -> None:
        """Take over changed settings, all or (UserError) none."""
        regions = {name: camera.processor.region if camera.settings == settings.cameras[name]
                   else region_of(settings.cameras[name])
                   for name, camera in self.cameras.items()}
        if self._segmenter is not None:
            tune(self._segmenter, settings.node)
        for name, camera in self.cameras.items():
            camera.update(settings.cameras[name], regions[name], overlay_style(settings.node))
        if self._pipeline is not None:
            self._pipeline.batcher.batch_timeout_s = settings.node.batch_timeout_ms / 1000
            self._publish_labels(settings.node)

    @property
    def stalled_s(self) -> float:
        """Seconds for which the device has not come back from a call; 0 unless that is long."""
        watchdog = self._pipeline and self._pipeline.watchdog
        return watchdog.waiting_s if watchdog and watchdog.stalled else 0.

    @property
    def device(self) -> str:
        """The device of the loaded network, '' without one."""
        return str(self._segmenter.device) if self.is_loaded else ''

    def abandon(self) -> None:
        """Drop a network whose device is lost, without freeing anything on it.

        Freeing could end the process in the middle of a driver's call.
        """
        _ABANDONED.append(self._segmenter)
        self._segmenter = None

    def gpu_memory(self) -> dict[str, str]:
        """Return the values about GPU memory for the diagnostics."""
        return gpu_memory(self._segmenter) if self.is_loaded else {}

    def _publish_labels(self, settings: NodeSettings) -> None:
        for outputs in self._outputs.values():
            outputs.publish_labels(
                self._segmenter.label_set, settings.score_threshold, self._now_ns())

    def _now_ns(self) -> int:
        return self._node.get_clock().now().nanoseconds
