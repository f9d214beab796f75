# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the node, configure and activate it.

``ros2 launch instance_seg_ros instance_seg.launch.py --show-args`` lists the arguments. Arguments
that are left empty keep the value of the parameter file. The launch ends with an error if the node
cannot be configured or activated; with ``respawn:=true`` a node that was active before is retried.
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.logging import launch_config
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

from instance_seg_ros.node_config.launch_parameters import (
    full_node_name,
    launch_parameters,
    launched_settings,
    rviz_parameters,
)
from instance_seg_ros.ros.launch_startup import LifecycleStartup, fail_on_exit
from instance_seg_ros.visualization.panes import camera_panes
from instance_seg_ros.visualization.rviz_layout import BASE_FRAME, rviz_layout, rviz_text

SHARE = Path(get_package_share_directory('instance_seg_ros'))
PACKAGE = 'instance_seg_ros'
BOOLEAN = ['true', 'false']
# The name depends on the distribution; with both set, Fast DDS loads the profile twice and fails.
IS_HUMBLE = os.environ.get('ROS_DISTRO') == 'humble'
PROFILE_VARIABLE = f'{"FASTRTPS" if IS_HUMBLE else "FASTDDS"}_DEFAULT_PROFILES_FILE'
RESPAWN_DELAY_S = 2.0

ARGUMENTS = [
    DeclareLaunchArgument(
        'namespace', default_value='', description='Namespace of the node.'),
    DeclareLaunchArgument(
        'params_file', default_value=str(SHARE / 'config' / 'instance_seg.yaml'),
        description='Parameter file of the node (YAML).'),
    DeclareLaunchArgument(
        'cameras', default_value='',
        description='Names of several cameras, for example front,left; their topics are '
        '<name>/image_raw unless params_file sets them; empty: as in params_file.'),
    DeclareLaunchArgument(
        'image_topic', default_value='',
        description='Input topic, without "/compressed", or one topic for each of cameras, for '
        'example /a,/b/compressed; empty: as in params_file.'),
    DeclareLaunchArgument(
        'transport', default_value='', choices=['', 'raw', 'compressed'],
        description='Type of the input images: raw (sensor_msgs/Image) or compressed '
        '(sensor_msgs/CompressedImage); empty: as in params_file.'),
    DeclareLaunchArgument(
        'device', default_value='',
        description='Device of the network: auto, cpu, cuda, cuda:0, ...; empty: as in '
        'params_file.'),
    DeclareLaunchArgument(
        'checkpoint', default_value='',
        description='Weights (.safetensors); empty: as in params_file.'),
    DeclareLaunchArgument(
        'semantic_checkpoint', default_value='',
        description='Weights of a separate network for the classes (.safetensors); empty: as in '
        'params_file.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='false', choices=BOOLEAN,
        description='Use the time on /clock.'),
    DeclareLaunchArgument(
        'log_level', default_value='info', choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='Minimum severity of log messages.'),
    DeclareLaunchArgument(
        'autostart', default_value='true', choices=BOOLEAN,
        description='Configure and activate the node; false: leave the transitions to the user or '
        'to a lifecycle manager.'),
    DeclareLaunchArgument(
        'respawn', default_value='false', choices=BOOLEAN,
        description='Restart the node two seconds after it has crashed.'),
    DeclareLaunchArgument(
        'rviz', default_value='false', choices=BOOLEAN,
        description='Show overlays, classes and instances in RViz, 3D positions if they are on.'),
    DeclareLaunchArgument(
        'rviz_config', default_value='',
        description='Configuration file of RViz; empty: one for the cameras, written to the '
        'folder of the logs.'),
    DeclareLaunchArgument(
        'fixed_frame', default_value=BASE_FRAME,
        description='Frame of the 3D view in RViz; without TF the frame of the camera.'),
    DeclareLaunchArgument(
        'fastdds_profile',
        default_value=EnvironmentVariable(
            PROFILE_VARIABLE,
            default_value=str(SHARE / 'config' / 'fastdds_large_images.xml')),
        description='Fast DDS profile for large images; empty: the default transports, which lose '
        'most best-effort images of several MB.'),
]


def start(context):
    """Return the node and its event handlers, from the values of the arguments."""
    arguments = {a.name: LaunchConfiguration(a.name).perform(context) for a in ARGUMENTS}
    if not Path(arguments['params_file']).is_file():
        raise RuntimeError(f'params_file {arguments["params_file"]!r} does not exist')
    profile = arguments['fastdds_profile']
    environment = [SetEnvironmentVariable(PROFILE_VARIABLE, profile)] if profile else []
    respawn = arguments['respawn'] == 'true'
    settings = launched_settings(arguments) if arguments['rviz'] == 'true' else None
    node = LifecycleNode(
        package=PACKAGE, executable='instance_seg_node', name='instance_seg',
        namespace=arguments['namespace'], output='both', emulate_tty=True,
        parameters=[arguments['params_file'], launch_parameters(arguments),
                    *([rviz_parameters(settings)] if settings else [])],
        arguments=['--ros-args', '--log-level', arguments['log_level']],
        respawn=respawn, respawn_delay=RESPAWN_DELAY_S,
        sigterm_timeout='15')      # freeing a network and its memory takes seconds
    startup = LifecycleStartup(node).actions() if arguments['autostart'] == 'true' else []
    windows = [rviz(arguments, settings)] if settings else []
    return [*environment, fail_on_exit(node, respawn), *startup, node, *windows]


def rviz(arguments, settings):
    """Return RViz with the chosen configuration, or with one for the cameras."""
    config = arguments['rviz_config'] or write_rviz_config(arguments, settings)
    return Node(
        package='rviz2', executable='rviz2', namespace=arguments['namespace'], output='log',
        arguments=['-d', str(config)],
        parameters=[{'use_sim_time': arguments['use_sim_time'] == 'true'}])


def write_rviz_config(arguments, settings):
    """Write RViz's configuration next to the logs of this launch; return the file."""
    node = full_node_name(arguments['namespace'])
    panes = camera_panes(settings, node, arguments['namespace'])
    layout = rviz_layout(panes, arguments['fixed_frame'])
    file = Path(launch_config.log_dir) / f'{node.strip("/").replace("/", "_")}.rviz'
    file.write_text(rviz_text(layout, 'Written at launch for the cameras of ' + node),
                    encoding='utf-8')
    return file


def generate_launch_description():
    """Return the launch description."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
