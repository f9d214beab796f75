# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the node, and take it to active by lifecycle events.

``ros2 launch instance_seg_ros instance_seg.launch.py --show-args`` lists the arguments. What is
left empty is as in the parameters file. The launch ends with an error when the node cannot be
configured or activated; with ``respawn:=true`` a node that has worked before is tried again.
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    TimerAction,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import matches_action
from launch.logging import get_logger, launch_config
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.ros_adapters import get_ros_node
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import GetState

SHARE = Path(get_package_share_directory('instance_seg_ros'))
PACKAGE = 'instance_seg_ros'
BOOLEAN = ['true', 'false']
# Fast DDS knows one of two names; with both set it takes the profile twice and fails.
IS_HUMBLE = os.environ.get('ROS_DISTRO') == 'humble'
PROFILE_VARIABLE = f'{"FASTRTPS" if IS_HUMBLE else "FASTDDS"}_DEFAULT_PROFILES_FILE'
CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
ASK_EVERY_S = 0.5
RESPAWN_S = 2.0

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
        description='Input topic, without "/compressed", or one for each of cameras: /a,/b, of '
        'which those that end with "/compressed" are; empty: as in params_file.'),
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
        description='Configure and activate the node; false leaves the transitions to the user or '
        'a lifecycle manager.'),
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


class Startup:
    """
    The way of the node's process, and of each that is started in its place, to active.

    What fails at the first time is a mistake, which ends the launch; a node that has worked
    before lacks something that may come back, such as its device, and is tried again.
    """

    def __init__(self, node):
        self._node, self._process, self._client, self._answers = node, None, None, []
        self._is_starting = self._has_worked = False

    def actions(self):
        """Return the event handlers, to be registered before the node starts."""
        return [
            RegisterEventHandler(OnProcessStart(
                target_action=self._node, on_start=[OpaqueFunction(function=self._begin)])),
            RegisterEventHandler(OnStateTransition(
                target_lifecycle_node=self._node,
                entities=[OpaqueFunction(function=self._go_on)]))]

    def _begin(self, context):
        if self._client is None:
            self._client = get_ros_node(context).create_client(
                GetState, f'{self._node.node_name}/get_state')
        for answer in self._answers:
            self._client.remove_pending_request(answer)
        self._process, self._answers, self._is_starting = context.locals.event.pid, [], True
        return self._ask(context, self._process)

    def _ask(self, context, process):
        """
        Ask the new process's node for its state until it answers, then for the first transition.

        Of a node that was killed the services are found for a while yet, and what is asked of them
        is never answered: not to be done with ChangeState, which waits for its answer.
        """
        if process != self._process:
            return []       # it has ended, another one is asked
        if any(answer.done() for answer in self._answers):
            return [self._change(CONFIGURE)]
        if self._client.service_is_ready():
            self._answers.append(self._client.call_async(GetState.Request()))
        again = OpaqueFunction(function=self._ask, args=[process])
        return [TimerAction(period=ASK_EVERY_S, actions=[again])]

    def _go_on(self, context):
        event = context.locals.event
        if not self._is_starting or event.start_state == 'shuttingdown':
            return []       # what else becomes of it is between the node and its user
        if event.goal_state == 'active':
            self._is_starting, self._has_worked = False, True
        elif (event.start_state, event.goal_state) == ('configuring', 'inactive'):
            return [self._change(ACTIVATE)]
        elif event.goal_state in ('unconfigured', 'inactive', 'finalized'):
            return self._fail(event.goal_state)
        return []

    def _fail(self, state):
        what = 'activated' if state == 'inactive' else 'configured'
        text = (f'{self._node.node_name} could not be {what}; it says why in its log, above and '
                f'in {launch_config.get_log_file_path("launch.log")}')
        if not self._has_worked or state == 'finalized':
            raise RuntimeError(text)
        get_logger(PACKAGE).error(f'{text}; trying again in {RESPAWN_S:g} s')
        again = self._change(ACTIVATE if state == 'inactive' else CONFIGURE)
        return [TimerAction(period=RESPAWN_S, actions=[again])]

    def _change(self, transition):
        return EmitEvent(event=ChangeState(
            lifecycle_node_matcher=matches_action(self._node), transition_id=transition))


def fail_when_it_dies(context, respawn):
    """End the launch with an error when the node's process did, unless it is started again."""
    code = context.locals.event.returncode
    if code and not respawn and not context.is_shutdown:
        raise RuntimeError(f'instance_seg_node ended with status {code}; its error is above')


def listed(text):
    """Return the parts of `a,b`; none of an empty text."""
    return [part.strip() for part in text.split(',') if part.strip()]


def inputs(names, topics, transport):
    """Return the parameters that give each camera its topic, and the transport that fits it."""
    if not names:
        if len(topics) > 1:
            raise RuntimeError('several topics in image_topic need as many names in cameras')
        return {'topic': topics[0]} if topics else {}
    if topics and len(topics) != len(names):
        raise RuntimeError(f'image_topic has {len(topics)} topics for {len(names)} cameras')
    given = {'cameras': names}
    for name, topic in zip(names, topics):      # noqa: B905 (without topics: as params_file says)
        given[f'{name}.topic'] = topic
        own = 'compressed' if topic.endswith('/compressed') else transport
        if own:     # over what params_file has for this camera
            given[f'{name}.transport'] = own
    return given


def node_parameters(arguments):
    """Return the parameters file and, over it, the arguments that are not empty."""
    parameters = inputs(listed(arguments['cameras']), listed(arguments['image_topic']),
                        arguments['transport'])
    for name in ('transport', 'device', 'checkpoint', 'semantic_checkpoint'):
        if arguments[name]:
            parameters[name] = arguments[name]
    if arguments['use_sim_time'] == 'true':
        parameters['use_sim_time'] = True
    parameters['autostart'] = False     # it is for those who start the node without a launch file
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
        namespace=arguments['namespace'], output='both', emulate_tty=True,
        parameters=node_parameters(arguments),
        arguments=['--ros-args', '--log-level', arguments['log_level']],
        respawn=respawn, respawn_delay=RESPAWN_S,
        sigterm_timeout='15')      # freeing a network and its memory takes its time
    rviz = Node(
        package='rviz2', executable='rviz2', namespace=arguments['namespace'], output='log',
        arguments=['-d', arguments['rviz_config']],
        parameters=[{'use_sim_time': arguments['use_sim_time'] == 'true'}],
        remappings=[('image_raw', topic) for topic in listed(arguments['image_topic'])[:1]])
    guard = RegisterEventHandler(OnProcessExit(target_action=node, on_exit=[
        OpaqueFunction(function=fail_when_it_dies, args=[respawn])]))
    startup = Startup(node).actions() if arguments['autostart'] == 'true' else []
    windows = [rviz] if arguments['rviz'] == 'true' else []
    return [*environment, guard, *startup, node, *windows]


def generate_launch_description():
    """Return the launch description."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
