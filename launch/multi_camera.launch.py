# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start one node for several cameras, configured and active.

The parameter file, by default config/multi_camera.yaml, has the cameras and their topics. All
other arguments are those of instance_seg.launch.py.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

SHARE = Path(get_package_share_directory('instance_seg_ros'))


def generate_launch_description():
    """Return the launch description."""
    return LaunchDescription([
        DeclareLaunchArgument(
            'params_file', default_value=str(SHARE / 'config' / 'multi_camera.yaml'),
            description='Parameter file of the node and its cameras (YAML).'),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'instance_seg.launch.py')),
            launch_arguments={'params_file': LaunchConfiguration('params_file')}.items()),
    ])
