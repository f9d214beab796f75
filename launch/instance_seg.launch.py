# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the node, configured and active.

``ros2 launch instance_seg_ros instance_seg.launch.py --show-args`` lists the arguments. What is
left empty is as in the parameters file. The launch ends with an error when the node cannot start.
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

SHARE = Path(get_package_share_directory('instance_seg_ros'))
PACKAGE = 'instance_seg_ros'
BOOLEAN = ['true', 'false']
# Fast DDS knows one of two names; with both set it takes the profile twice and fails.
IS_HUMBLE = os.environ.get('ROS_DISTRO') == 'humble'
PROFILE_VARIABLE = f'{"FASTRTPS" if IS_HUMBLE else "FASTDDS"}_DEFAULT_PROFILES_FILE'

ARGUMENTS = [
    DeclareLaunchArgument(
        'namespace', default_value='', description='Namespace of the node.'),
    DeclareLaunchArgument(
        'params_file', default_value=str(SHARE / 'config' / 'instance_seg.yaml'),
        description='Parameters of the node (YAML).'),
    DeclareLaunchArgument(
        'cameras', default_value='',
        description='Names of several cameras, front,left: their topics are <name>/image_raw '
        'where params_file says nothing else; empty: as in params_file.'),
    DeclareLaunchArgument(
        'image_topic', default_value='',
        description='Input topic, without "/compressed"; empty: as in params_file.'),
    DeclareLaunchArgument(
        'transport', default_value='', choices=['', 'raw', 'compressed'],
        description='Form of the input images; empty: as in params_file.'),
    DeclareLaunchArgument(
        'device', default_value='',
        description='auto, cpu, cuda, cuda:0, ...; empty: as in params_file.'),
    DeclareLaunchArgument(
        'checkpoint', default_value='',
        description='Weights (.safetensors); empty: as in params_file.'),
    DeclareLaunchArgument(
        'semantic_checkpoint', default_value='',
        description='Network for the classes (.safetensors); empty: as in params_file.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='false', choices=BOOLEAN,
        description='Take the time from /clock.'),
    DeclareLaunchArgument(
        'log_level', default_value='info', choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='What the node logs.'),
    DeclareLaunchArgument(
        'autostart', default_value='true', choices=BOOLEAN,
        description='Configure and activate the node; false leaves that to a lifecycle manager.'),
    DeclareLaunchArgument(
        'respawn', default_value='false', choices=BOOLEAN,
        description='Start the node again two seconds after it has died.'),
    DeclareLaunchArgument(
        'rviz', default_value='false', choices=BOOLEAN,
        description='Show input, overlay and masks in RViz.'),
    DeclareLaunchArgument(
        'rviz_config', default_value=str(SHARE / 'config' / 'rviz' / 'instance_seg.rviz'),
        description='What RViz shows.'),
    DeclareLaunchArgument(
        'fastdds_profile',
        default_value=EnvironmentVariable(
            PROFILE_VARIABLE,
            default_value=str(SHARE / 'config' / 'fastdds_large_images.xml')),
        description='Fast DDS profile for large images; empty: the default transports, which lose '
        'most best-effort images of several MB.'),
]


def fail_when_it_dies(context, respawn):
    """End the launch with an error when the node's process did, unless it is started again."""
    code = context.locals.event.returncode
    if code and not respawn and not context.is_shutdown:
        raise RuntimeError(f'instance_seg_node ended with status {code}; its error is above')


def node_parameters(arguments):
    """Return the parameters file and, over it, the arguments that are not empty."""
    given = {'topic': arguments['image_topic'],
             **{name: arguments[name] for name in (
                 'transport', 'device', 'checkpoint', 'semantic_checkpoint')}}
    parameters = {name: value for name, value in given.items() if value}
    if arguments['cameras']:
        parameters['cameras'] = [name.strip() for name in arguments['cameras'].split(',')]
    if arguments['use_sim_time'] == 'true':
        parameters['use_sim_time'] = True
    # Not by ChangeState from here: after a crash the dead node's service is found for a while, and
    # a request to it is never answered.
    parameters['autostart'] = arguments['autostart'] == 'true'
    return [arguments['params_file'], parameters]


def start(context):
    """Return the node and what looks after it, from the values of the arguments."""
    arguments = {a.name: LaunchConfiguration(a.name).perform(context) for a in ARGUMENTS}
    if not Path(arguments['params_file']).is_file():
        raise RuntimeError(f'there is no params_file {arguments["params_file"]!r}')
    profile = arguments['fastdds_profile']
    environment = [SetEnvironmentVariable(PROFILE_VARIABLE, profile)] if profile else []
    respawn = arguments['respawn'] == 'true'
    node = LifecycleNode(
        package=PACKAGE, executable='instance_seg_node', name='instance_seg',
        namespace=arguments['namespace'], output='screen', emulate_tty=True,
        parameters=node_parameters(arguments),
        arguments=['--ros-args', '--log-level', arguments['log_level']],
        respawn=respawn, respawn_delay=2.0,
        sigterm_timeout='15')      # freeing a network and its memory takes its time
    rviz = Node(
        package='rviz2', executable='rviz2', namespace=arguments['namespace'], output='log',
        arguments=['-d', arguments['rviz_config']],
        parameters=[{'use_sim_time': arguments['use_sim_time'] == 'true'}],
        remappings=[('image_raw', arguments['image_topic'])] if arguments['image_topic'] else [])
    guard = RegisterEventHandler(OnProcessExit(target_action=node, on_exit=[
        OpaqueFunction(function=fail_when_it_dies, args=[respawn])]))
    windows = [rviz] if arguments['rviz'] == 'true' else []
    return [*environment, guard, node, *windows]


def generate_launch_description():
    """Return the launch description."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
