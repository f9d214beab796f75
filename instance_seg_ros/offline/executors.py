# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Executors for the bags of a folder: subprocesses, or a Dask cluster."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import UserError
from .child import Child, Process, run_alone

LOCAL = 'local'
_PATIENCE = '30s'

Run = Callable[[Process, object, Path], tuple[int, str]]


@contextmanager
def executor(scheduler: str | None, jobs: int) -> Iterator[tuple[Executor, Run]]:
    """Yield an executor and the function to submit to it, such as `child.run_alone`.

    Args:
        scheduler: None for subprocesses; `local` for a Dask cluster on this machine; otherwise
            the address of a Dask scheduler, whose workers see the same files at the same paths.
        jobs: bags at a time; ignored for an existing cluster.

    Raises:
        UserError: when the scheduler does not answer.
    """
    with _children(jobs) if scheduler is None else _dask(scheduler, jobs) as given:
        yield given


@contextmanager
def _children(jobs: int) -> Iterator[tuple[Executor, Run]]:
    running, stopped, gate = set(), threading.Event(), threading.Lock()

    def run(process: Process, args, log: Path) -> tuple[int, str]:
        with gate:
            if stopped.is_set():
                return 130, 'stopped'
            child = Child(process, args, log)
            running.add(child)
        try:
            return child.wait()
        finally:
            running.discard(child)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield pool, run
        finally:        # also after an exception: the children end
            with gate:
                stopped.set()
            for child in list(running):
                child.stop()
            pool.shutdown(cancel_futures=True)


@contextmanager
def _dask(scheduler: str, jobs: int) -> Iterator[tuple[Executor, Run]]:
    from distributed import Client, LocalCluster

    where = scheduler
    if scheduler == LOCAL:
        where = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None,
                             memory_limit=None, local_directory=os.environ.get('TMPDIR'))
    try:
        client = Client(where, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise UserError(f'--scheduler: no Dask scheduler at {scheduler} ({error}).'
                        ) from error
    try:
        # Runs have side effects on the disk: no caching, no retries.
        yield client.get_executor(pure=False, retries=0), run_alone
    finally:
        client.close()
        if scheduler == LOCAL:
            where.close()
