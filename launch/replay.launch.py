# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the node and play a bag or video into it; end when it has been played.

``ros2 launch instance_seg_ros replay.launch.py bag:=FILE rviz:=true record:=outputs``. Every
argument of ``instance_seg.launch.py`` may be given too.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.event_handlers import OnStateTransition
from launch_ros.substitutions import ExecutableInPackage

from instance_seg_ros.bags import choose_image_topic, open_source

LAUNCH = Path(get_package_share_directory('instance_seg_ros')) / 'launch'
BOOLEAN = ['true', 'false']
COMPRESSED = '/compressed'

ARGUMENTS = [
    DeclareLaunchArgument('bag', description='ROS 2 bag (folder, .mcap, .db3) or video file.'),
    DeclareLaunchArgument(
        'image_topic', default_value='',
        description='Topic of the images in the bag; empty: the only one there is.'),
    DeclareLaunchArgument(
        'rate', default_value='1.0', description='Times as fast as it was recorded.'),
    DeclareLaunchArgument(
        'loop', default_value='false', choices=BOOLEAN, description='Begin again at the end.'),
    DeclareLaunchArgument(
        'record', default_value='',
        description='Record all outputs of the node to this new bag (a folder); empty: do not.'),
    DeclareLaunchArgument(
        'namespace', default_value='', description='Namespace of the node.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='true', choices=BOOLEAN,
        description='Publish the time in the bag on /clock and let the node take it from there.'),
]


def value(context, name):
    """Return the value of a launch argument."""
    return LaunchConfiguration(name).perform(context)


def player(context):
    """Return the process that plays the bag."""
    command = [ExecutableInPackage('instance_seg', 'instance_seg_ros'), 'play-bag',
               value(context, 'bag'), '--rate', value(context, 'rate'),
               '--wait-for-subscribers', '2']
    command += ['--loop'] if value(context, 'loop') == 'true' else []
    command += ['--clock'] if value(context, 'use_sim_time') == 'true' else []
    return ExecuteProcess(name='play_bag', cmd=command, output='screen')


def recorder(context):
    """Return the process that records the outputs, or nothing where none is asked for."""
    if not value(context, 'record'):
        return []
    node = f'{value(context, "namespace")}/instance_seg'
    return [ExecuteProcess(
        name='record_bag', output='screen', sigterm_timeout='15',   # a long bag is indexed
        cmd=[ExecutableInPackage('instance_seg', 'instance_seg_ros'), 'record-bag',
             value(context, 'record'), '--node', node])]


def start(context):
    """Return the node, and the player for when the node is active."""
    with open_source(value(context, 'bag')) as source:
        topic = choose_image_topic(source, value(context, 'image_topic') or None)
    name = topic.name
    is_compressed = topic.type.endswith('CompressedImage')
    if is_compressed and name.endswith(COMPRESSED):
        name = name[:-len(COMPRESSED)]
    play = player(context)
    return [
        *recorder(context),
        RegisterEventHandler(OnStateTransition(
            goal_state='active', entities=[play], handle_once=True)),
        RegisterEventHandler(OnProcessExit(target_action=play, on_exit=[EmitEvent(
            event=Shutdown(reason='the bag has been played'))])),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(LAUNCH / 'instance_seg.launch.py')),
            launch_arguments={
                'image_topic': name, 'use_sim_time': value(context, 'use_sim_time'),
                'transport': 'compressed' if is_compressed else 'raw'}.items()),
    ]


def generate_launch_description():
    """Return the launch description."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
