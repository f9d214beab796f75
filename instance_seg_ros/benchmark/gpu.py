# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Everything on a CUDA device in one run, each stage next to the least time it could take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from ..core.errors import UserError
from ..core.stages import ENGINE_STAGES
from ..inference.checkpoint import Checkpoint, random_checkpoint
from ..inference.cuda_graph_engine import CudaGraphEngine
from ..inference.device_settings import DeviceSettings
from ..inference.segmenter import InstanceSegmenter
from ..inference.stage_clocks import DeviceClock
from ..networks import build_network
from ..networks.blocks import pool_elementary, pool_with_offsets, unpool, unpool_elementary
from ..training.discriminative_loss import DiscriminativeLoss
from . import clustering, loss
from .arguments import add_common_arguments, half_or_float, prepare, settings
from .frames import add_frame_arguments, load_checkpoint, load_frames
from .live_memory import peak_bytes
from .measure import Times, peak_memory, say, time_calls
from .pipeline import NETWORK, TOTAL, measure
from .report import Report
from .roofline import Ceilings, Work, measure_ceilings, network_work

# What is aimed at on an H200: (case, stage) to the median and the 99th percentile in ms.
AIMS = {('512x256', TOTAL): (1.5, None), ('1024x512', TOTAL): (2.5, 4.0),
        ('resnet38 768x384', TOTAL): (1000 / 150, None)}
SIZES = ((512, 256), (768, 384), (1024, 512))
CLUSTERED_PIXELS = (20_000, 60_000, 200_000)
_GROUPS = ((11, 12), (17, 18))
"""People and riders, motorcycles and bicycles, as the shipped weights group them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    add_frame_arguments(parser)
    add_common_arguments(parser, 200)
    parser.add_argument('--rehearse', action='store_true',
                        help='the same at small sizes on any device: the figures mean nothing')


def run(args: argparse.Namespace) -> Report:
    """Run every part; UserError without a CUDA device."""
    device = prepare(args)
    if args.rehearse:
        return everything(args, device, Ceilings(1e12, 1e10, 1e10), ((128, 64),), 'enet',
                          (2_000,))
    if device.type != 'cuda':
        raise UserError('There is no CUDA device here; `benchmark pipeline`, `networks`, `loss` '
                        'and `clustering` measure the same on the CPU.')
    say('ceilings')
    return everything(args, device, measure_ceilings(device, torch.float16))


def everything(args: argparse.Namespace, device: torch.device, ceilings: Ceilings,
               sizes=SIZES, large: str = 'resnet38', clustered=CLUSTERED_PIXELS) -> Report:
    """Measure end to end at each size, a batch of eight, a large network, loss and clustering."""
    frames, (checkpoint, remark) = load_frames(args), load_checkpoint(args)
    part = _Part(frames, args.repeats, device, ceilings)
    rows = [row for size in sizes for row in part.end_to_end(checkpoint, size)]
    middle = sizes[len(sizes) // 2]
    rows += part.end_to_end(checkpoint, middle, 8, 'batch of 8, ')
    big = random_checkpoint(network=large, label_set=checkpoint.label_set)
    rows += part.end_to_end(big, middle, 1, f'{large} ')
    rows += part.loss(middle) + part.clustering(clustered) + part.unpooling(middle)
    if device.type == 'cuda':
        rows += part.spinning(checkpoint, middle)
    one, eight = (_p50(rows, case) for case in (_name(middle), f'batch of 8, {_name(middle)}'))
    return Report('gpu', ('case', 'stage'), rows, settings(args), [
        remark, f'Measured ceilings: {ceilings.flops / 1e12:.3g} TFLOP/s in half precision, '
        f'{ceilings.memory / 1e9:.4g} GB/s in memory, {ceilings.host / 1e9:.3g} GB/s to the host.',
        'least_ms: what these allow (convolutions for networks, necessary reads and writes for '
        'the rest). aim_*: for an H200.', _memory_of_clustering(sizes),
        f'Eight images at once take {eight / one:.2f} times one (aim: at most 3).'])


class _Part:
    """Measures one part after the other with the same frames, device and ceilings."""

    def __init__(self, frames: list[np.ndarray], repeats: int, device: torch.device,
                 ceilings: Ceilings):
        self.frames, self.repeats = frames, repeats
        self.device, self.ceilings = device, ceilings

    def end_to_end(self, checkpoint: Checkpoint, size, batch: int = 1, prefix: str = ''):
        """Time the stages from host image to host masks."""
        case = f'{prefix}{_name(size)}'
        say(case)
        segmenter = InstanceSegmenter(checkpoint, str(self.device), size)
        stages = measure(segmenter, self.frames, self.repeats, batch)
        peak = peak_memory(lambda: segmenter(self.frames[:1] * batch), self.device)
        segmenter.close()
        work = self._work(checkpoint, size, batch)
        return [self._row(case, stage, times, work.get(stage), peak if stage == TOTAL else None)
                for stage, times in stages.items()]

    def loss(self, size) -> list[dict]:
        """Time forward and backward of the loss of eight images."""
        say('loss')
        embeddings, ids = (x.to(self.device) for x in loss.scene(8, size, 19, 8))
        embeddings.requires_grad_()

        def step():
            return torch.autograd.grad(DiscriminativeLoss()(embeddings, ids).total, embeddings)

        times = time_calls({'loss': step}, self.repeats, self.device)['loss']
        # Reads the embeddings for the means and for the distances, writes the gradient.
        least = Work(memory=3 * 4 * embeddings.numel() + 4 * ids.numel())
        return [self._row(f'8 x {_name(size)}', 'loss', times, least,
                          peak_memory(step, self.device))]

    def unpooling(self, size) -> list[dict]:
        """Time the two forms of unpooling at half of a size: 64 channels, as in ENet."""
        x = torch.randn(1, 64, size[1] // 2, size[0] // 2, device=self.device,
                        dtype=half_or_float(self.device))
        x = x.contiguous(memory_format=torch.channels_last)
        pooled, compared = pool_with_offsets(x), pool_elementary(x)
        calls = {'unpool, max_unpool2d': lambda: unpool(*pooled),
                 'unpool, elementary': lambda: unpool_elementary(*compared)}
        least = Work(memory=x.numel() * x.element_size() * 5 / 4 + 8 * pooled[1].numel())
        return [self._row(_name(size), name, times, least, None)
                for name, times in time_calls(calls, self.repeats, self.device).items()]

    def spinning(self, checkpoint: Checkpoint, size) -> list[dict]:
        """Time image to masks with a host that spins while it waits for the device."""
        segmenter = InstanceSegmenter(checkpoint, str(self.device), size)
        segmenter.warm_up()
        for batch in segmenter._engine._batches.values():
            batch._clock = DeviceClock(len(ENGINE_STAGES), blocking=False)
        times = time_calls({TOTAL: lambda: segmenter(self.frames[0])}, self.repeats, self.device)
        segmenter.close()
        return [self._row(f'spinning host, {_name(size)}', TOTAL, times[TOTAL], None, None)]

    def clustering(self, counts: Sequence[int]) -> list[dict]:
        """Time the clustering of so many pixels of known instance."""
        rows = []
        for pixels in counts:
            data = clustering.SyntheticEmbeddings(pixels, 20, 0.25, self.device)
            method = clustering.METHODS['ours, fixed shapes']
            call = {'ours': lambda data=data, method=method: method(data)}
            times = time_calls(call, self.repeats, self.device)['ours']
            least = Work(memory=4 * data.embeddings.numel() + 12 * data.class_index.numel())
            rows.append(self._row(f'{pixels} pixels', 'clustering', times, least,
                                  peak_memory(call['ours'], self.device)))
        return rows

    def _work(self, checkpoint: Checkpoint, size, batch: int) -> dict[str, Work]:
        """Return the least work of each stage."""
        pixels, outputs = batch * size[0] * size[1], len(checkpoint.label_set)
        element = half_or_float(self.device).itemsize
        with torch.device('meta'):
            network = build_network(checkpoint.network, outputs, checkpoint.embedding_dims,
                                    checkpoint.task, **checkpoint.options).eval()
            image = torch.empty(batch, 3, size[1], size[0])
        of_network = network_work(network, image, element)
        large = batch * self.frames[0].shape[0] * self.frames[0].shape[1]
        work = {'preprocess': Work(memory=pixels * 3 * (1 + element), host=pixels * 3),
                'network': of_network, NETWORK: of_network,
                'clustering': Work(memory=pixels * element * (
                    outputs + checkpoint.embedding_dims) + 12 * pixels),
                'masks': Work(host=3 * min(large, pixels))}
        whole = [sum(getattr(w, name) for stage, w in work.items() if stage != NETWORK)
                 for name in ('flops', 'memory', 'host')]
        return work | {TOTAL: Work(*whole)}

    def _row(self, case: str, stage: str, times: Times, work: Work | None, peak) -> dict:
        aims = AIMS.get((case, stage), (None, None))
        return {'case': case, 'stage': stage, 'p50_ms': times.median,
                'p99_ms': times.percentile(99), 'spread_ms': times.spread,
                'least_ms': work and self.ceilings.least_ms(work),
                'aim_p50_ms': aims[0], 'aim_p99_ms': aims[1], 'peak_mb': peak}


def _name(size) -> str:
    return f'{size[0]}x{size[1]}'


def _memory_of_clustering(sizes) -> str:
    """Return what the clustering of one image of each size needs, counted without values."""
    counted = []
    for width, height in sizes:
        with FakeTensorMode():
            engine = CudaGraphEngine(torch.nn.Identity(), (.5,) * 3, (.5,) * 3,
                                     np.arange(19, dtype=np.uint8), torch.device('cpu'), True,
                                     groups=_GROUPS)
            outputs = (torch.empty(1, channels, height, width, dtype=torch.float16)
                       for channels in (19, 8))
            where = DeviceSettings((1, height, width), engine.label_ids, torch.device('cpu'),
                                   _GROUPS)
            needed = peak_bytes(partial(engine.cluster_batch, *outputs, where))
        counted.append(f'{needed / 1e6:.0f} MB at {width}x{height}')
    return f'Memory of the clustering of one image, counted: {", ".join(counted)}.'


def _p50(rows: list[dict], case: str) -> float:
    return next(r['p50_ms'] for r in rows if r['case'] == case and r['stage'] == TOTAL)
