#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Kill programs at random instants, and fill their disk; the same command has to finish the work.

    python3 scripts/faults.py --kills 5

Each program runs undisturbed once. Then it is killed with SIGKILL at a random instant and started
again, until it has been killed as often as asked for; the result has to equal the undisturbed
one, byte by byte (of training, the weights), and nothing incomplete may have a final name. The
full disk is a tmpfs with room for half of the result, for which root is needed. Prints a table;
exit status 1: something differs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

ROOT = Path(__file__).resolve().parents[1]
STREET = ROOT / 'config' / 'demo' / 'street'


@dataclass(frozen=True)
class Program:
    """A command that writes a result, and where it is when it is complete."""

    arguments: Callable[[Path], list[str]]
    result: Callable[[Path], Path]
    again: Callable[[Path], list[str]] = lambda folder: []
    """Further arguments for a run that continues."""
    is_early: Callable[[Path], bool] = lambda result: False
    """Whether a result is a complete one from before the end of the run."""
    content: Callable[[Path], str | None] = lambda result: _content(result)
    """What has to be equal of a result; None where there is none."""


def _continue_training(folder: Path) -> list[str]:
    return ['--resume'] if (folder / 'out' / 'last.ckpt').exists() else []


def _weights(path: Path) -> str | None:
    """Return a hash of the tensors alone: the file also says how long the training took."""
    if not path.exists():
        return None
    digest = hashlib.sha256()
    with safe_open(path, 'numpy') as file:
        for name in sorted(file.keys()):
            digest.update(name.encode() + file.get_tensor(name).tobytes())
    return digest.hexdigest()


def _is_checkpoint(path: Path) -> bool:
    check = 'import sys; from instance_seg_ros.inference.checkpoint import Checkpoint; ' \
            'Checkpoint.load(sys.argv[1])'
    return subprocess.run([sys.executable, '-c', check, str(path)], env={
        **os.environ, 'PYTHONPATH': str(ROOT)}, capture_output=True).returncode == 0


PROGRAMS = {
    'process-bag': Program(
        lambda f: ['process-bag', str(STREET), str(f / 'out'), '--input-size', '96x64',
                   '--threads', '1', '--device', 'cpu', '--duration', '6'],
        lambda f: f / 'out' / 'out_0.mcap'),
    'segment': Program(
        lambda f: ['segment', str(ROOT / 'docs' / 'images' / 'demo.jpg'), '--output',
                   str(f / 'out'), '--write', 'masks', '--threads', '1', '--device', 'cpu'],
        lambda f: f / 'out' / 'demo_instanceIds.png'),
    'train': Program(
        lambda f: ['train', '--dataset', 'sticks', '--config', str(f / 'recipe.yaml'), '--output',
                   str(f / 'out'), '--workers', '0'],
        lambda f: f / 'out' / 'last.safetensors', _continue_training, _is_checkpoint,
        _weights),
    'render-scenes': Program(
        lambda f: ['render-scenes', str(f / 'out'), '--count', '2', '--val-count', '0', '--size',
                   '160x80'],
        lambda f: f / 'out'),
}
RECIPE = """label_set: sticks
crop: [64, 64]
input_size: [64, 64]
batch: 1
steps: 40
validate_every: 5
validation_frames: 1
"""


def main() -> int:
    """Run the trials; return 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--program', action='append', choices=PROGRAMS)
    parser.add_argument('--kills', type=int, default=5, help='for each program')
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    rng, failed = random.Random(args.seed), 0
    print('| Program | Killed | Equal results | Full disk |\n|---|---:|---:|---|')
    for name in args.program or PROGRAMS:
        kills, trials, equal, disk = try_program(PROGRAMS[name], args.kills, rng)
        failed += equal < trials or disk not in ('a sentence, then complete', 'not tried')
        print(f'| {name} | {kills} times | {equal} of {trials} | {disk} |', flush=True)
    return 1 if failed else 0


def try_program(program: Program, kills: int, rng: random.Random) -> tuple[int, int, int, str]:
    """Return the number of kills, of trials, of equal results, and what a full disk did."""
    with tempfile.TemporaryDirectory() as name:
        folder = _prepared(Path(name, 'whole'))
        begin = time.monotonic()
        assert _start(program, folder).wait() == 0, 'the undisturbed run failed'
        seconds, whole = time.monotonic() - begin, program.content(program.result(folder))
        killed = trials = equal = 0
        while killed < kills:
            folder, trials = _prepared(Path(name, f'trial{trials}')), trials + 1
            while killed < kills and not _killed(program, folder, rng.uniform(0.2, 1) * seconds):
                killed += 1
                left = program.result(folder)
                assert (not left.is_file() or program.content(left) == whole
                        or program.is_early(left)), f'{left} is incomplete'
            if program.content(program.result(folder)) != whole:
                _start(program, folder).wait()
            equal += program.content(program.result(folder)) == whole
        room = sum(p.stat().st_size for p in Path(name, 'whole').rglob('*') if p.is_file()) // 2
        return killed, trials, equal, _on_full_disk(program, Path(name, 'disk'), whole, room)


def _prepared(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / 'recipe.yaml').write_text(RECIPE)
    return folder


def _start(program: Program, folder: Path, **options) -> subprocess.Popen:
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    return subprocess.Popen(
        [sys.executable, '-m', 'instance_seg_ros.cli', *program.arguments(folder),
         *program.again(folder)], env=environment, **{
             'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, **options})


def _killed(program: Program, folder: Path, seconds: float) -> bool:
    """Kill a run after some time; return whether it finished before that."""
    child = _start(program, folder)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return False
    return True


def _content(path: Path) -> str | None:
    """Return a hash of a file, or of all files below a folder with their names."""
    if not path.exists():
        return None
    digest = hashlib.sha256()
    for file in sorted(p for p in [path, *path.rglob('*')] if p.is_file()):
        digest.update(str(file.relative_to(path)).encode() + file.read_bytes())
    return digest.hexdigest()


def _on_full_disk(program: Program, folder: Path, whole: str | None, room: int) -> str:
    """Run on a disk with some bytes of room, then with plenty; return what happened."""
    folder.mkdir()
    if os.getuid() or subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={room}', 'tmpfs',
                                      str(folder)], capture_output=True).returncode:
        return 'not tried'
    try:
        child = _start(program, _prepared(folder), stderr=subprocess.PIPE, text=True)
        said = child.communicate()[1].strip().splitlines()
        if 'Traceback' in ''.join(said) or child.returncode == 0:
            return f'status {child.returncode}: {said[-1:]}'
        left = program.result(folder)
        if left.is_file() and program.content(left) != whole and not program.is_early(left):
            return 'incomplete under its final name'
        subprocess.run(['mount', '-o', 'remount,size=200m', str(folder)], check=True)
        _start(program, folder).wait()
        if program.content(program.result(folder)) != whole:
            return 'another result afterwards'
        return 'a sentence, then complete'
    finally:
        subprocess.run(['umount', str(folder)], check=True)


if __name__ == '__main__':
    sys.exit(main())
