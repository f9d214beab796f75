# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Table 2 of the paper, repeated: forward speed, parameters and memory of each network."""

from __future__ import annotations

import argparse

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..arguments import image_size
from ..networks import build_network
from .arguments import add_common_arguments, half_or_float, prepare, settings
from .measure import peak_memory, say, time_calls
from .report import Report

SIZES = ((512, 256), (768, 384), (1024, 512))
# Frames per second and GB on a Titan X, of the forward pass alone.
PAPER = {
    'enet': ((145, 1.00), (94, 1.03), (61, 1.12)),
    'segnet': ((27, 1.22), (14, 1.29), (8, 1.47)),
    'dilation10': ((15, 2.20), (6, 2.64), (4, 3.27)),
    'resnet38': ((12, 4.45), (5, 8.83), (None, None)),
}

PAPER_MPARAMS = {'enet': 0.36, 'segnet': 29.4, 'dilation10': 134.3, 'resnet38': 124}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--networks', nargs='+', choices=PAPER, default=list(PAPER))
    parser.add_argument('--sizes', nargs='+', type=image_size, default=list(SIZES),
                        metavar='WxH')
    add_common_arguments(parser, 5)


def run(args: argparse.Namespace) -> Report:
    """Time one image through each network at each size, 8 outputs."""
    device = prepare(args)
    rows = []
    for name in args.networks:
        plain = build_network(name, 1, 8, 'embedding').eval().to(device)
        ours = build_network(name, 1, 8, 'embedding').eval().to(
            device, half_or_float(device), memory_format=torch.channels_last)
        for size in args.sizes:
            say(f'{name} at {size[0]}x{size[1]}')
            rows.append(_row(name, size, plain, ours, args.repeats, device))
    return Report('networks', ('network', 'size'), rows, settings(args), [
        'Forward of one image, 8 outputs. titan_x_*, paper_*: the paper, Table 2.',
        'plain: float32 in the default layout. ours: channels last, half precision on CUDA.',
        'peak_gb: weights and the peak of the forward; the paper counts its framework too.'])


def _row(name, size, plain, ours, repeats, device) -> dict:
    image = torch.randn(1, 3, size[1], size[0], device=device)
    fitting = image.to(half_or_float(device), memory_format=torch.channels_last)
    with torch.inference_mode():
        times = time_calls({'plain': lambda: plain(image), 'ours': lambda: ours(fitting)},
                           repeats, device)
        peak = peak_memory(lambda: ours(fitting), device)
    weights = sum(p.numel() * p.element_size() for p in ours.parameters()) / 1e6
    titan_fps, titan_gb = dict(zip(SIZES, PAPER[name], strict=True)).get(size, (None, None))
    return {'network': name, 'size': f'{size[0]}x{size[1]}', 'titan_x_fps': titan_fps,
            'plain_fps': 1e3 / times['plain'].median, 'fps': 1e3 / times['ours'].median,
            'median_ms': times['ours'].median, 'spread_ms': times['ours'].spread,
            'gmac': gigamacs(name, size), 'paper_mparams': PAPER_MPARAMS[name],
            'mparams': sum(p.numel() for p in ours.parameters()) / 1e6,
            'titan_x_gb': titan_gb, 'peak_gb': None if peak is None else (weights + peak) / 1e3}


def gigamacs(name: str, size: tuple[int, int], task: str = 'embedding') -> float:
    """Return the multiply-adds of a forward pass in 1e9, counted without computing it."""
    with torch.device('meta'):
        network = build_network(name, 1, 8, task)
        image = torch.empty(1, 3, size[1], size[0])
    return count_flops(network.eval(), image) / 2e9


def count_flops(network: nn.Module, images: torch.Tensor) -> int:
    """Return the floating-point operations of the convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(images)
    return counter.get_total_flops()
