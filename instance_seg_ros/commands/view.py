# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""View a recording of the node's outputs in the Rerun viewer, without ROS.

Serves a page on this machine until Ctrl-C, or writes a file that `rerun FILE.rrd` opens.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from ..arguments import result_file
from ..core.atomic_file import atomic_path
from ..core.errors import UserError

PORT = 9090


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('bag', metavar='BAG',
                        help='bag with outputs of the node (or of process-bag), and optionally '
                             'the images')
    parser.add_argument('--output', type=result_file, metavar='FILE.rrd',
                        help='write a file instead of serving a page')
    parser.add_argument('--port', type=_port, default=PORT, metavar='N',
                        help=f'of the page on this machine (default {PORT}; the data take the '
                             'one after it)')
    parser.add_argument('--no-browser', action='store_true', help='do not open a browser')


def run(args: argparse.Namespace) -> int:
    """Write the file, or serve it until Ctrl-C or SIGTERM."""
    if args.output is not None:
        if args.output.suffix.lower() != '.rrd':
            raise UserError(f'--output must end in .rrd, not {args.output.name!r}.')
        broken = _write(args.bag, args.output)
        print(f'Open it with: rerun {args.output}')
        return 1 if broken else 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'recording.rrd')
        broken = _write(args.bag, path)
        _serve(path, args.port, not args.no_browser)
    return 1 if broken else 0


def _port(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) < 65535):
        raise argparse.ArgumentTypeError(f'{text!r} is not a number from 1 to 65534')
    return int(text)


def _write(bag_path: str, path: Path) -> bool:
    """Write a bag as a Rerun file; return whether the bag breaks off."""
    from ..review.rerun_file import write_file

    if find_spec('rerun') is None:
        raise ModuleNotFoundError(name='rerun')
    with atomic_path(path) as part:
        try:
            return write_file(bag_path, part)
        except UserError as error:
            raise UserError(str(error).replace(
                f'{part.parent}: the recording', str(path))) from error


def _serve(path: Path, port: int, browser: bool) -> None:
    """Serve a file with Rerun's own program, to this machine only, until Ctrl-C or SIGTERM."""
    rerun = [sys.executable, '-m', 'rerun']
    # Rerun collects usage statistics unless this is disabled; recordings are private.
    env = {**os.environ, 'XDG_CONFIG_HOME': str(path.parent)}
    subprocess.run([*rerun, 'analytics', 'disable'], env=env, check=False, capture_output=True)
    command = [*rerun, str(path), '--bind', '127.0.0.1',
               '--web-viewer' if browser else '--serve-web', '--web-viewer-port', str(port),
               '--port', str(port + 1), '--server-memory-limit', '75%']
    address = f'http://127.0.0.1:{port}/?url=rerun%2Bhttp://127.0.0.1:{port + 1}/proxy'
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A group of its own, which is ended as a whole: the module starts a program in its turn.
    child = subprocess.Popen(command, env=env, start_new_session=True)
    print(f'Look at {address} (Ctrl-C ends)', flush=True)
    try:
        if child.wait():
            raise UserError(f'Rerun ended with status {child.returncode}; is port {port} or '
                            f'{port + 1} taken? Choose another with --port.')
    except KeyboardInterrupt:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        child.wait()
        signal.signal(signal.SIGTERM, before)
