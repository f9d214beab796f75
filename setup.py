# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Build and install the package, with pip and with colcon (ament_python)."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = 'instance_seg_ros'
SHARE = f'share/{NAME}'
EXTRAS = ('evaluate', 'export', 'fleet', 'openvino', 'render', 'review', 'test', 'train')


def tree(*folders):
    """Return the data_files rows that install ``folders`` below share/."""
    rows = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                rows.setdefault(f'{SHARE}/{path.parent.as_posix()}', []).append(path.as_posix())
    return list(rows.items())


def weights():
    """Return the shipped checkpoints and their model cards, for share/."""
    return sorted(p.as_posix() for p in Path(NAME, 'weights').glob('*') if p.suffix != '.py')


def pinned(name):
    """Return the distributions in requirements/NAME.txt, without the versions pinned there."""
    lines = Path('requirements', f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line.partition('==')[0] for line in lines if line and not line.startswith('#')]


setup(
    name=NAME,
    version='0.1.0',
    description='Instance segmentation for vehicles: a ROS 2 node and a Python library',
    author='The instance_seg_ros authors',
    maintainer='The instance_seg_ros authors',
    maintainer_email='maintainers@instance-seg-ros.example',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed', 'weights/*', 'visualization/*.json']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (SHARE, ['package.xml']),
        (f'{SHARE}/weights', weights()),
        *tree('launch', 'config'),
    ],
    zip_safe=False,
    # requirements/ pins the tested versions.
    install_requires=[
        'av',
        'mcap',
        'numpy>=1.21.5',
        'opencv-python-headless>=4.5,<5',
        'PyYAML',
        'rosbags',
        'ruamel.yaml',
        'safetensors',
        'scipy',
        'torch>=2.1',
        'tqdm',
        'zstandard',
    ],
    extras_require={name: pinned(name) for name in EXTRAS},
    entry_points={
        'console_scripts': [
            f'instance_seg = {NAME}.cli:main',
            f'instance_seg_node = {NAME}.ros.main:main',
        ],
    },
)
