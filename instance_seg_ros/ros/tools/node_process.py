# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node as a child process, with the surroundings that large images need."""

import fcntl
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...core.child_process import dying_with_parent
from ...core.errors import UserError
from ...core.package_data import share_file
from ...core.runtime_folder import open_lock

NODE_COMMAND = (sys.executable, '-m', 'instance_seg_ros.ros.main')
DOMAINS = range(1, 102)
"""Those whose ports no operating system uses for anything else."""
PATIENCE_S = 10.0


def set_up_dds() -> None:
    """Set this process and its children up for large images on this machine alone.

    Without the profile, Fast DDS cuts an image into small datagrams and loses most of them; a
    profile that the user has set stays. Call it before the first ROS context is made.
    """
    profile = share_file('config/fastdds_large_images.xml')
    humble = os.environ.get('ROS_DISTRO') == 'humble'
    variable = f'{"FASTRTPS" if humble else "FASTDDS"}_DEFAULT_PROFILES_FILE'
    if profile and not os.environ.get(variable):
        os.environ[variable] = str(profile)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    if humble:  # which does not know the range
        os.environ['ROS_LOCALHOST_ONLY'] = '1'


@contextmanager
def own_domain() -> Iterator[int]:
    """Yield a ROS domain that no other demo or test run on this machine uses, and lock it."""
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        with open_lock(f'domain_{domain}.lock') as lock:    # the same that scripts/ take
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # taken by another run
                continue
            yield domain
            return
    raise UserError('All ROS domains are in use on this machine; choose one with --domain.')


class NodeProcess:
    """The node in a process of its own; a context manager which ends it."""

    def __init__(self, command: Sequence[str], log: Path, domain: int):
        """Run ``command``; what it prints goes to ``log``."""
        self._log = log
        with log.open('wb') as output:
            self._process = subprocess.Popen(
                command, env=_environment(domain), stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the parent, which ends the child in order
                preexec_fn=dying_with_parent())

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def check(self) -> None:
        """Raise UserError when the process has ended."""
        if self._process.poll() is not None:
            raise UserError(f'The node ended with status {self._process.returncode}: '
                            f'{self.complaint()}')

    def complaint(self) -> str:
        """Return the last error that the node logged, or its last line."""
        lines = self._log.read_text(encoding='utf-8', errors='replace').split('\n')
        lines = [line.strip() for line in lines if line.strip()]
        errors = [line for line in lines if re.search(r'\[(ERROR|FATAL)\]', line)]
        if not lines:
            return f'it said nothing (see {self._log})'
        return re.sub(r'^(\[[^\]]*\]\s*)+:?\s*', '', (errors or lines)[-1])

    def stop(self) -> None:
        """End the process: as Ctrl-C does, and by force when it does not listen."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                return
            os.killpg(self._process.pid, number)
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                continue

    def __enter__(self) -> 'NodeProcess':
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _environment(domain: int) -> dict[str, str]:
    # The ROS wheels set the library path of a Python process by executing it once more, and a
    # child has to do that for itself.
    environment = {k: v for k, v in os.environ.items() if k != '_ROS_WHEELS_BOOTSTRAP_COMPLETE'}
    package_root = str(Path(__file__).resolve().parents[3])
    paths = [package_root, environment.get('PYTHONPATH', '')]
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, paths))
    environment['PYTHONUNBUFFERED'] = '1'
    environment['ROS_DOMAIN_ID'] = str(domain)
    return environment
