# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Render many scenes with several processes; finished ones are skipped, so it resumes.

Every process has its own OpenGL. A process that dies (drivers do) is started again; a scene
that kills two of them is given up with a message.
"""

import multiprocessing
import os
import queue
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...core.errors import UserError
from .catalog import save_models
from .writer import CityscapesWriter

SPLITS = ('train', 'val')
RECYCLE = 400  # scenes a process renders before a fresh one takes over


@dataclass(frozen=True)
class Order:
    """What to render; sizes in pixels.

    With `frames`, `rate` in Hz and so on it orders videos: scene i is frame i % frames of
    video i // frames.
    """

    root: str
    seed: int
    width: int
    height: int
    models: str | None = None
    street: str | None = None
    weather: str | None = None
    frames: int = 0
    rate: float = 15.0

    def address(self, index):
        """Return (sequence, frame) of a scene."""
        return divmod(index, self.frames) if self.frames else (index, 0)

    def writer(self, split):
        """Return the writer of a split."""
        return CityscapesWriter(self.root, split, f'rendered{self.seed}')

    def rng(self, split, index):
        """Return the random generator of one scene."""
        return np.random.default_rng([self.seed, SPLITS.index(split), index])


def render_scene(order, split, index, catalog, stage):
    """Render one scene, or one frame of a video; returns its Photo."""
    from . import generator, hood, photo, sensor
    if order.frames:
        sequence, frame = order.address(index)
        return _drive(order, split, sequence, catalog).frame(frame, stage)
    rng = order.rng(split, index)
    world = generator.make_world(rng, catalog, order.street, order.weather)
    dark = {'night': 1.0, 'dusk': 0.5}.get(world.weather.name, 0.0)
    habits = sensor.random_sensor(rng, dark)
    camera = generator.random_camera(rng, world, habits.distortion)
    extra = [hood.bonnet(rng, camera)] if rng.random() < 0.12 else []
    return photo.take(stage.draw(generator.look(world, camera, extra=extra)), camera, habits, rng)


@lru_cache(maxsize=1)
def _drive(order, split, sequence, catalog):
    from .drive import make_drive
    seed = (order.seed, SPLITS.index(split), sequence)
    return make_drive(np.random.default_rng(seed), catalog, order.frames / order.rate, order.rate,
                      seed, order.street, order.weather)


def _work(order, models, split, indices, reports):
    """Render scenes one after the other in a process of its own."""
    os.environ.setdefault('LP_NUM_THREADS', '1')
    import cv2
    cv2.setNumThreads(1)
    from .catalog import load_catalog
    from .stage import Stage
    try:
        catalog = load_catalog(split, models)
        stage = Stage(order.width, order.height, catalog.bank)
    except UserError as error:
        reports.put(('refused', str(error)))
        return
    writer = order.writer(split)
    for index in indices:
        if not multiprocessing.parent_process().is_alive():
            os._exit(1)  # killed: the rest is not needed
        reports.put(('start', index))
        photo = render_scene(order, split, index, catalog, stage)
        try:
            writer.write(photo, *order.address(index))
        except OSError as error:        # a full disk, for instance
            reports.put(('refused', f'Cannot write scene {index} of {split} below {order.root}: '
                                    f'{error}. The same command continues from there.'))
            break
        reports.put(('done', index))
    reports.close()
    reports.join_thread()
    os._exit(0)  # the driver's own clean-up at exit is what crashes


class _Worker:
    """A process and the scene it is at."""

    def __init__(self, order, models, split, indices):
        context = multiprocessing.get_context('spawn')
        self.split, self.left, self.at = split, list(indices), None
        self.reports = context.Queue()
        self.process = context.Process(target=_work, daemon=True,
                                       args=(order, models, split, self.left[:RECYCLE],
                                             self.reports))
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
        left = [i for i in range(count) if not writer.done(*order.address(i))]
        if left:
            result.append((split, left))
    return result


def render_all(order, counts, jobs=1, progress=None):
    """Render {split: count} scenes; `progress(n)` hears of finished ones.

    Returns the [(split, index)] that could not be rendered.
    """
    shares = [(split, left[j::jobs]) for split, left in missing(order, counts)
              for j in range(jobs) if left[j::jobs]]
    if not shares:
        return []
    with tempfile.TemporaryDirectory(prefix='street_scenes_') as folder:
        models = Path(folder) / 'models'
        save_models(models, order.models)
        return _Crew(order, models, shares, progress).run(jobs)


class _Crew:
    """The processes at work, and what is left to do."""

    def __init__(self, order, models, shares, progress):
        self.order, self.models, self.shares = order, models, shares
        self.progress = progress or (lambda count: None)
        self.strikes, self.failed, self.workers = Counter(), [], []

    def run(self, jobs):
        """Work until nothing is left; returns what failed twice."""
        try:
            while self.shares or self.workers:
                while self.shares and len(self.workers) < jobs:
                    self.workers.append(_Worker(self.order, self.models, *self.shares.pop(0)))
                for worker in list(self.workers):
                    alive = worker.process.is_alive()
                    if count := worker.listen(0.2 if alive else 0.05):
                        self.progress(count)
                    if not alive:
                        self._retire(worker)
        finally:
            for worker in self.workers:
                worker.process.kill()
                worker.process.join()
        return self.failed

    def _retire(self, worker):
        """Take a process off; what it left undone goes to the next one."""
        worker.process.join()
        self.workers.remove(worker)
        if worker.at is not None or worker.process.exitcode:
            key = (worker.split, worker.at)
            self.strikes[key] += 1
            if self.strikes[key] > 1 and worker.at is not None:
                self.failed.append(key)
                worker.left.remove(worker.at)
            elif self.strikes[key] > 3:
                raise UserError('The renderer stops before its first scene: see what OpenGL says '
                                'above, and whether libegl1 and libgl1-mesa-dri are installed.')
        if worker.left:
            self.shares.insert(0, (worker.split, worker.left))
