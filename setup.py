# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Build and install the package, with pip and with colcon (ament_python)."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = 'instance_seg_ros'
SHARE = f'share/{NAME}'


def tree(*folders):
    """Return data_files rows that lay ``folders`` under share/ as they stand here."""
    rows = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                rows.setdefault(f'{SHARE}/{path.parent.as_posix()}', []).append(path.as_posix())
    return list(rows.items())


def weights():
    """Return the shipped checkpoints and their model cards, for share/."""
    return sorted(p.as_posix() for p in Path(NAME, 'weights').glob('*') if p.suffix != '.py')


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
    package_data={NAME: ['py.typed', 'weights/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (SHARE, ['package.xml']),
        (f'{SHARE}/weights', weights()),
        *tree('launch', 'config'),
    ],
    zip_safe=False,
    # The pinned versions that are tested are in requirements/.
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
        'torch>=2.0',
        'tqdm',
        'zstandard',
    ],
    extras_require={
        'fleet': ['dask', 'distributed'],
        'export': ['onnx', 'onnxruntime', 'onnxscript'],
        'review': ['matplotlib', 'rerun-sdk'],
        'train': ['albumentations', 'lightning', 'tensorboard'],
        'evaluate': ['cityscapesScripts', 'matplotlib', 'scikit-learn', 'trackeval'],
        'render': ['panda3d'],
        'test': ['hypothesis', 'pytest', 'ruff'],
    },
    entry_points={
        'console_scripts': [
            f'instance_seg = {NAME}.cli:main',
            f'instance_seg_node = {NAME}.ros.main:main',
        ],
    },
)
