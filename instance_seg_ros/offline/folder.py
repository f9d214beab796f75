# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of bags, several at a time, each in a process of its own."""

import argparse
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ..bags.reader import is_bag, unpacked_name
from ..bags.video import VIDEO_SUFFIXES
from ..core.errors import UserError
from ..io.results import write_json
from . import BROKEN_INPUT
from .child import Process
from .executors import LOCAL, executor

_DONE = (0, BROKEN_INPUT)
"""Exit statuses with a result to keep."""


def process_folder(args: argparse.Namespace, process: Process) -> int:
    """Process each bag and video in ``args.input`` to one of the same name in ``args.output``.

    Bags whose result exists are skipped. A failed or truncated bag does not stop the others; its
    output stays in OUT/NAME.log. Failed bags are listed at the end and leave no result, so that
    the next run tries them again; the exit status is 1 then.
    """
    jobs = 1 if args.jobs is None else args.jobs
    if jobs < 1:
        raise UserError(f'--jobs must be 1 or more, not {args.jobs}.')
    sources = _sources(Path(args.input))
    output = args.output.resolve()
    if output == Path(args.input).resolve():
        raise UserError(f'{args.output} is the input folder; choose another one for the '
                        'results.')
    output.mkdir(parents=True, exist_ok=True)
    todo = {name: path for name, path in sources.items() if not (output / name).exists()}
    print(f'{len(sources)} bags, {len(sources) - len(todo)} already done.', flush=True)
    work = partial(_all_or_nothing, process)
    with _interrupted_by_sigterm(), executor(args.scheduler, jobs) as (pool, run):
        running = {
            pool.submit(run, work, _for_one(args, path, output / name, jobs),
                        output / f'{name}.log'): name for name, path in todo.items()}
        ends = dict(_ends(running))
    failed = {name: said for name, (status, said) in ends.items() if status not in _DONE}
    if failed:
        print(f'{len(failed)} failed: ' + ', '.join(failed))
    if args.json:
        write_json(args.json, {'bags': len(sources), 'done_before': len(sources) - len(todo),
                               'said': {name: said for name, (_, said) in ends.items()},
                               'failed': sorted(failed)})
    return 1 if failed else 0


def _all_or_nothing(process: Process, args: argparse.Namespace) -> int:
    """Return the exit status of ``process(args)``; remove its output where it failed."""
    status = process(args)
    if status not in _DONE:
        shutil.rmtree(args.output, ignore_errors=True)
    return status


def _ends(running: dict[Future, str]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield and print name, exit status and last output line of the bags as they finish."""
    for number, future in enumerate(as_completed(running), 1):
        name = running[future]
        try:
            status, said = future.result()
        except Exception as error:      # of the executor, such as a lost worker
            status, said = 1, f'{type(error).__name__}: {error}'
        print(f'{number}/{len(running)} {name}: {said}', flush=True)
        yield name, (status, said)


def _for_one(args: argparse.Namespace, path: Path, output: Path, jobs: int) -> argparse.Namespace:
    """Return the arguments for one bag; parallel jobs on this machine share its cores."""
    threads = args.threads
    if threads is None and args.scheduler in (None, LOCAL):
        threads = max(1, (os.cpu_count() or 1) // jobs)
    # On other machines the working directory may differ.
    given = {k: v.resolve() if isinstance(v, Path) else v for k, v in vars(args).items()}
    return argparse.Namespace(**{
        **given, 'input': str(path.resolve()), 'output': output, 'jobs': None,
        'scheduler': None, 'json': None, 'threads': threads})


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _sources(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f'{folder} is not a folder of bags.')
    if (folder / 'metadata.yaml').exists():
        raise UserError(f'{folder} is a bag; --jobs expects a folder of bags.')
    sources = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith('.'):    # such as those macOS writes next to each copied file
            continue
        if is_bag(path) or (path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES):
            name = path.name if path.is_dir() else Path(unpacked_name(path)).stem
            if name in sources:
                raise UserError(f'{sources[name]} and {path} would get the same name.')
            sources[name] = path
    if not sources:
        raise UserError(f'{folder} contains no bags or videos.')
    return sources
