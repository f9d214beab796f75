# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of bags, several at a time, each in a process of its own."""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..bags.reader import is_bag
from ..bags.video import VIDEO_SUFFIXES
from ..errors import UserError
from . import BROKEN_INPUT


def process_folder(args: argparse.Namespace,
                   process: Callable[[argparse.Namespace], int]) -> int:
    """
    Process each bag and video in ``args.input`` to one of the same name in ``args.output``.

    Bags whose result is there are skipped. One that fails or breaks off does not stop the
    others; what was said about it stays in OUT/NAME.log, and those that failed are named at the
    end. Return 1 then.
    """
    if args.jobs < 1:
        raise UserError(f'--jobs must be 1 or more, not {args.jobs}.')
    sources = _sources(Path(args.input))
    args.output.mkdir(parents=True, exist_ok=True)
    todo = {name: path for name, path in sources.items() if not (args.output / name).exists()}
    print(f'{len(sources)} bags, {len(sources) - len(todo)} of them done before.', flush=True)
    threads = args.threads or max(1, (os.cpu_count() or 1) // args.jobs)
    failed = {}
    with ThreadPoolExecutor(args.jobs) as pool:
        running = {
            pool.submit(_in_a_process, process, argparse.Namespace(**{
                **vars(args), 'input': str(path), 'output': args.output / name, 'jobs': None,
                'json': None, 'threads': threads})): name for name, path in todo.items()}
        try:
            for number, future in enumerate(as_completed(running), 1):
                name, (status, said) = running[future], future.result()
                if status not in (0, BROKEN_INPUT):
                    failed[name] = said
                print(f'{number}/{len(todo)} {name}: {said}', flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failed:
        print(f'{len(failed)} failed: ' + ', '.join(failed))
    return 1 if failed else 0


def _sources(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f'{folder} is not a folder of bags.')
    if (folder / 'metadata.yaml').exists():
        raise UserError(f'{folder} is a bag itself; --jobs is for a folder of them.')
    sources = {}
    for path in sorted(folder.iterdir()):
        if is_bag(path) or (path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES):
            name = path.name if path.is_dir() else path.name.split('.')[0]
            if name in sources:
                raise UserError(f'{sources[name]} and {path} would get the same name.')
            sources[name] = path
    if not sources:
        raise UserError(f'{folder} holds no bags or videos.')
    return sources


def _in_a_process(process: Callable[[argparse.Namespace], int],
                  args: argparse.Namespace) -> tuple[int, str]:
    """Return the exit status of a run and the last that it said."""
    log = args.output.with_name(f'{args.output.name}.log')
    # Spawned, not forked: the network's threads and devices do not survive a fork.
    child = multiprocessing.get_context('spawn').Process(
        target=_logged, args=(process, args, log))
    child.start()
    child.join()
    lines = log.read_text(encoding='utf-8').strip().splitlines() if log.exists() else []
    if child.exitcode == 0:
        log.unlink(missing_ok=True)
    return child.exitcode or 0, lines[-1] if lines else f'ended with status {child.exitcode}'


def _logged(process: Callable[[argparse.Namespace], int], args: argparse.Namespace,
            log: Path) -> None:
    # Left open: the end of the process writes to it what went wrong.
    sys.stdout = sys.stderr = log.open('w', encoding='utf-8', buffering=1)
    try:
        status = process(args)
    except UserError as error:
        print(error)
        status = 2
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
