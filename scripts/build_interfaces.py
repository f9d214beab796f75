#!/usr/bin/env python3
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Build vision_msgs into a virtual environment that has the ROS 2 wheels.

The wheels do not include vision_msgs. This script builds the definitions in
``test/interfaces/vision_msgs`` with the wheels' own rosidl generators and installs them into the
environment of the interpreter that runs it. It does nothing if vision_msgs with the published type
hashes is importable.

Run: ``.venv/bin/python scripts/build_interfaces.py``
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / 'test' / 'interfaces' / 'vision_msgs'
# Type hashes of the released vision_msgs: equal hashes mean equal bytes on the wire.
TYPE_HASHES = {
    'Detection2D': 'RIHS01_0d12b69df5c593b3455b7346fac8205437a7d4bcb09b9e0e0b2dde787ded38ea',
    'Detection2DArray': 'RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968',
}


def installed_hashes(prefix):
    """Return {message name: type hash} of the vision_msgs descriptions under ``prefix``/share."""
    found = {}
    for name in TYPE_HASHES:
        path = prefix / 'share' / 'vision_msgs' / 'msg' / f'{name}.json'
        if path.is_file():
            rows = json.loads(path.read_text())['type_hashes']
            found[name] = {row['type_name']: row['hash_string'] for row in rows}[
                f'vision_msgs/msg/{name}'
            ]
    return found


def is_usable(prefix):
    """Whether vision_msgs under ``prefix`` has the published hashes and loads its libraries."""
    probe = (
        'from vision_msgs.msg import Detection2DArray, LabelInfo\n'
        'from rclpy.type_support import check_for_type_support as check\n'
        'check(Detection2DArray); check(LabelInfo)'
    )
    if installed_hashes(prefix) != TYPE_HASHES:
        return False
    result = subprocess.run([sys.executable, '-c', probe], capture_output=True)
    return result.returncode == 0


def point_exports_here(prefix):
    """Make the wheels' CMake exports point to this interpreter's include folders.

    They contain the paths of the machine that built the wheels, and CMake rejects folders that do
    not exist.
    """
    import numpy

    python_include = sysconfig.get_paths()['include']
    numpy_include = numpy.get_include()
    for path in prefix.glob('share/*/cmake/*rosidl_generator_pyExport.cmake'):
        text = path.read_text()
        changed = re.sub(r'/opt/python/[^;"]*/numpy/_core/include', numpy_include, text)
        changed = re.sub(r'/opt/python/[^;"]*/include/python[\d.]+', python_include, changed)
        if changed != text:
            path.write_text(changed)


def build_environment(prefix):
    """Return the process environment in which CMake finds the wheels and their generators."""
    env = dict(os.environ, AMENT_PREFIX_PATH=str(prefix))
    env['PATH'] = f'{prefix / "bin"}{os.pathsep}{env.get("PATH", os.defpath)}'
    env.setdefault('HOME', tempfile.gettempdir())
    # The wheels re-execute Python once to set the library path: children must do so again.
    env.pop('_ROS_WHEELS_BOOTSTRAP_COMPLETE', None)
    return env


def build(prefix):
    """Configure, compile and install the definitions into ``prefix``."""
    purelib = Path(sysconfig.get_path('purelib')).relative_to(prefix)
    with tempfile.TemporaryDirectory(prefix='vision_msgs_') as folder:
        configure = [
            'cmake', '-S', str(SOURCE), '-B', folder, '-G', 'Ninja', '-Wno-dev',
            '-DCMAKE_BUILD_TYPE=Release', '-DBUILD_TESTING=OFF',
            f'-DCMAKE_INSTALL_PREFIX={prefix}', f'-DCMAKE_PREFIX_PATH={prefix}',
            f'-DPython3_EXECUTABLE={sys.executable}', f'-DPYTHON_INSTALL_DIR={purelib}',
        ]
        for command in (configure, ['cmake', '--build', folder], ['cmake', '--install', folder]):
            done = subprocess.run(
                command, env=build_environment(prefix), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            if done.returncode:
                raise RuntimeError(f'{" ".join(command[:3])} failed:\n{done.stdout[-4000:]}')


def main():
    """Build if needed; return the exit status."""
    prefix = Path(sys.prefix)
    if is_usable(prefix):
        return 0
    print('Building the vision_msgs interfaces (a minute or two, once) ...', flush=True)
    point_exports_here(prefix)
    try:
        build(prefix)
    except (RuntimeError, OSError) as error:
        print(f'vision_msgs could not be built: {error}', file=sys.stderr)
        return 2
    if not is_usable(prefix):
        print(
            'vision_msgs was built but does not have the published type hashes: '
            f'{installed_hashes(prefix)}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
