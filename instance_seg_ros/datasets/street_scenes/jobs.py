# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Render many scenes with several processes; finished ones are skipped, so it resumes.

Every process has its own OpenGL. A process that dies (drivers do) is started again; a scene
that kills two of them is given up with a message.
"""

import multiprocessing
import os
import queue
from dataclasses import dataclass

import numpy as np

from ...errors import UserError
from .writer import CityscapesWriter

SPLITS = ('train', 'val')
RECYCLE = 400  # scenes a process renders before a fresh one takes over


@dataclass(frozen=True)
class Order:
    """What to render; sizes in pixels."""

    root: str
    seed: int
    width: int
    height: int
    models: str | None = None

    def writer(self, split):
        """Return the writer of a split."""
        return CityscapesWriter(self.root, split, f'rendered{self.seed}')

    def rng(self, split, index):
        """Return the random generator of one scene."""
        return np.random.default_rng([self.seed, SPLITS.index(split), index])


def render_scene(order, split, index, catalog, stage):
    """Render one scene; returns its Photo."""
    from . import generator, photo, sensor
    rng = order.rng(split, index)
    world = generator.make_world(rng, catalog)
    dark = {'night': 1.0, 'dusk': 0.5}.get(world.weather.name, 0.0)
    habits = sensor.random_sensor(rng, dark)
    camera = generator.random_camera(rng, world, habits.distortion)
    return photo.take(stage.draw(generator.look(world, camera)), camera, habits, rng)


def _work(order, split, indices, reports):
    """Render scenes one after the other in a process of its own."""
    os.environ.setdefault('LP_NUM_THREADS', '1')
    import cv2
    cv2.setNumThreads(1)
    from .catalog import Catalog
    from .stage import Stage
    try:
        catalog = Catalog(split, order.models)
        stage = Stage(order.width, order.height, catalog.bank)
    except UserError as error:
        reports.put(('refused', str(error)))
        return
    writer = order.writer(split)
    for index in indices:
        reports.put(('start', index))
        writer.write(render_scene(order, split, index, catalog, stage), index)
        reports.put(('done', index))
    reports.close()
    reports.join_thread()
    os._exit(0)  # the driver's own clean-up at exit is what crashes


class _Worker:
    """A process and the scene it is at."""

    def __init__(self, order, split, indices):
        context = multiprocessing.get_context('spawn')
        self.split, self.left, self.at = split, list(indices), None
        self.reports = context.Queue()
        self.process = context.Process(target=_work, daemon=True,
                                       args=(order, split, self.left[:RECYCLE], self.reports))
        self.process.start()

    def listen(self, timeout):
        """Take reports; returns how many scenes were finished."""
        finished = 0
        try:
            while True:
                kind, value = self.reports.get(timeout=timeout)
                timeout = 0.0
                if kind == 'refused':
                    raise UserError(value)
                if kind == 'start':
                    self.at = value
                else:
                    self.left.remove(value)
                    self.at, finished = None, finished + 1
        except queue.Empty:
            return finished


def missing(order, counts):
    """Return [(split, [indices])] still to render of {split: count}."""
    result = []
    for split, count in counts.items():
        writer = order.writer(split)
        left = [i for i in range(count) if not writer.done(i)]
        if left:
            result.append((split, left))
    return result


def render_all(order, counts, jobs=1, progress=None):
    """
    Render {split: count} scenes; `progress(n)` hears of finished ones.

    Returns the [(split, index)] that could not be rendered.
    """
    shares = [(split, left[j::jobs]) for split, left in missing(order, counts)
              for j in range(jobs) if left[j::jobs]]
    failed, strikes, workers = [], {}, []
    try:
        while shares or workers:
            while shares and len(workers) < jobs:
                workers.append(_Worker(order, *shares.pop(0)))
            for worker in list(workers):
                alive = worker.process.is_alive()
                count = worker.listen(0.2 if alive else 0.05)
                if progress and count:
                    progress(count)
                if alive:
                    continue
                worker.process.join()
                workers.remove(worker)
                if worker.at is not None:
                    key = (worker.split, worker.at)
                    strikes[key] = strikes.get(key, 0) + 1
                    if strikes[key] > 1:
                        failed.append(key)
                        worker.left.remove(worker.at)
                elif worker.process.exitcode:
                    key = (worker.split, None)
                    strikes[key] = strikes.get(key, 0) + 1
                    if strikes[key] > 3:
                        raise UserError('The renderer stops before its first scene; run with '
                                        '--jobs 1 and look at what OpenGL says.')
                if worker.left:
                    shares.insert(0, (worker.split, worker.left))
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
    return failed
