# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One frame under PyTorch's profiler: what runs on the device, in order, in microseconds."""

from __future__ import annotations

import argparse

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from ..inference.segmenter import InstanceSegmenter
from .arguments import add_common_arguments, prepare, settings
from .frames import add_frame_arguments, add_input_size, load_checkpoint, load_frames
from .report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    add_frame_arguments(parser)
    add_input_size(parser)
    add_common_arguments(parser, 20)


def run(args: argparse.Namespace) -> Report:
    """Profile one frame after `repeats` others."""
    device = prepare(args)
    frames, (checkpoint, remark) = load_frames(args), load_checkpoint(args)
    segmenter = InstanceSegmenter(checkpoint, str(device), args.input_size)
    segmenter.warm_up()
    for k in range(args.repeats):
        segmenter(frames[k % len(frames)])
    activities = [ProfilerActivity.CPU]
    if device.type == 'cuda':
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        segmenter(frames[0])
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
    rows = _rows(profiler.events(), device)
    busy_us = sum(row['us'] for row in rows)
    return Report('profile', ('order',), rows, settings(args), [
        remark, f'{len(rows)} pieces of work, {busy_us:.0f} us in all; the last one ends '
        f'{max((row["start_us"] + row["us"] for row in rows), default=0):.0f} us after the first '
        'one begins.'])


def _rows(events, device: torch.device) -> list[dict]:
    """Return kernels and copies of a CUDA device, or the outermost operations of a CPU."""
    if device.type == 'cuda':
        chosen = [e for e in events if e.device_type == DeviceType.CUDA]
    else:
        chosen = [e for e in events if e.cpu_parent is None]
    chosen.sort(key=lambda event: event.time_range.start)
    first = chosen[0].time_range.start if chosen else 0
    return [{'order': k, 'name': event.name[:60], 'start_us': event.time_range.start - first,
             'us': event.time_range.elapsed_us()} for k, event in enumerate(chosen)]
