# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag that is written over several runs: the output of an interrupted run is kept.

While it is written, `OUT.part` contains the bag and its progress. A new run moves it to
`OUT.resume`, copies the complete part to a new `OUT.part`, and continues. An `OUT.part` without
progress was written by another program: it is never touched.
"""

import json
import shutil
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from ..bags import BagWriter, Message, Topic
from ..bags.salvage import read_from_front
from ..bags.writer import check_free, part_of
from ..core.atomic_file import atomic_path

FILE = 'progress.json'
SAVE_EVERY_S = 5.0


@dataclass
class Progress:
    """Progress of a run; `job` identifies it."""

    job: dict
    inputs: int = 0
    """Messages taken from the source."""
    written: int = 0
    """Messages written to the bag."""
    frames: int = 0
    failed: Counter = field(default_factory=Counter)
    instances: Counter = field(default_factory=Counter)

    @classmethod
    def load(cls, folder: Path, job: dict) -> 'Progress | None':
        """Read the progress of an earlier run; None without one, or for another job."""
        try:
            progress = cls(**json.loads((folder / FILE).read_text(encoding='utf-8')))
        except (OSError, ValueError, TypeError):
            return None
        progress.failed = Counter(progress.failed)
        progress.instances = Counter(progress.instances)
        return progress if progress.job == job else None

    def copy(self) -> 'Progress':
        """Return the present state, which does not change."""
        return replace(self, failed=Counter(self.failed), instances=Counter(self.instances))

    def save(self, folder: Path) -> None:
        """Write it atomically."""
        with atomic_path(folder / FILE) as path:
            path.write_text(json.dumps(vars(self)), encoding='utf-8')


class ResumableBag:
    """A `BagWriter` that continues an interrupted run of the same job."""

    def __init__(self, path: Path, job: dict, topics: list[Topic]):
        """Start or continue; raises UserError like `BagWriter`."""
        check_free(path)
        self._part, saved = part_of(path), path.with_name(f'{path.name}.resume')
        self._earlier = saved
        job = json.loads(json.dumps(job))
        if not saved.exists() and Progress.load(self._part, job):
            self._part.rename(saved)
        earlier = Progress.load(saved, job)
        if (self._part / FILE).exists():    # of another job, or interrupted while it was copied
            shutil.rmtree(self._part, ignore_errors=True)
        self._writer = BagWriter(path)
        try:
            Progress(job).save(self._part)  # from now on the part is identified
        except OSError:
            self._writer.abandon()          # such as on a full disk: nothing is lost
            raise
        self.progress = earlier or Progress(job)
        self._reached = deque([Progress(job)])   # states, the first of which is safe
        for topic in topics:
            self._writer.add_topic(topic)
        if earlier:
            self._copy(saved, earlier.written)
            self._reached.append(earlier.copy())
        self.save()

    def write(self, consumed: int, messages: list[Message]) -> None:
        """Append the output of the next ``consumed`` messages of the source."""
        for stamp, topic, data in messages:
            self._writer.write(topic, stamp, data)
        self.progress.inputs += consumed
        self.progress.written += len(messages)
        if self.progress.inputs:    # else only the labels, which a new run writes anew
            self._reached.append(self.progress.copy())
        if time.monotonic() - self._saved > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Save what is in complete chunks, so that a run killed from now on can be continued.

        Chunks end where they do without interruption: every run writes the same bytes.
        """
        self._writer.flush_chunks()
        complete = self._writer.in_complete_chunks
        while len(self._reached) > 1 and self._reached[1].written <= complete:
            self._reached.popleft()
        safe = self._reached[0]
        if safe.inputs or not self._earlier.exists():
            safe.save(self._part)
            shutil.rmtree(self._earlier, ignore_errors=True)
        self._saved = time.monotonic()

    def close(self) -> Path:
        """Finish the bag and rename it."""
        (self._part / FILE).unlink()
        path = self._writer.close()
        shutil.rmtree(self._earlier, ignore_errors=True)
        return path

    def __enter__(self) -> 'ResumableBag':
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self.close()
        else:
            try:
                self._writer.flush()    # the next run writes these messages anew, in whole chunks
                self.save()
            finally:
                self._writer.abandon(keep=True)

    def _copy(self, saved: Path, count: int) -> None:
        file = next(saved.glob('*.mcap'))
        for stamp, topic, data in islice(read_from_front(file), count):
            self._writer.write(topic, stamp, data)
