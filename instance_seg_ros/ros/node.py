# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node ``instance_seg``: transitions, errors, parameters and services.

configure loads the network and warms it up, activate subscribes and starts the pipeline's
thread, deactivate stops publishing at once, cleanup frees everything. An error of the pipeline
takes the node through deactivate and error processing to unconfigured, from where it configures
and activates itself again as ``on_device_error`` says. ``Runtime`` does the work.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from ..core.errors import UserError
from ..node_config.parameters import AllSettings, NodeSettings
from ..node_config.segmenter_factory import (
    first_line,
    is_device_error,
    is_device_lost,
    load_segmenter,
)
from .lifecycle_service import answer_invalid_requests
from .parameter_server import ParameterServer
from .process import is_shut_down
from .recovery import Recovery
from .reporter import Health, Reporter
from .runtime import Runtime

SUCCESS, FAILURE, ERROR = (TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE,
                           TransitionCallbackReturn.ERROR)
_STOP_TIMEOUT_S = 10.0
_END_TIMEOUT_S = 1.0
DEVICE_LOST = 3
"""Exit status where only a new process can use the device again."""


class InstanceSegNode(LifecycleNode):
    """The node.

    Args:
        load: makes the segmenter from settings and the name of a device.
        is_lost: whether an error has left a device, given by name, unusable for this process.
        node_options: of the LifecycleNode.

    Raises:
        UserError: for parameters that are invalid at start-up.
    """

    def __init__(self, load: Callable[[NodeSettings, str], Any] = load_segmenter,
                 is_lost: Callable[[Exception, str], bool] = is_device_lost,
                 **node_options: Any) -> None:
        super().__init__('instance_seg', **node_options)
        self._is_lost = is_lost
        self.exit_status: int | None = None     # once it is set, the process is to end
        self._fault: Exception | None = None
        self._health = Health()
        self._is_recovering = False
        self._settings_server = ParameterServer(
            self, lambda settings: self._runtime.apply(settings), lambda: self._runtime.is_loaded)
        self._runtime = Runtime(self, self._settings, load, self._on_fault)
        self._recovery = Recovery(self, self._recover)
        self._fault_signal = self.create_guard_condition(self._handle_fault)
        answer_invalid_requests(self)
        self._enable_service = self.create_service(SetBool, '~/enable', self._on_enable)
        self._reporter = Reporter(
            self, self._settings.node, list(self._runtime.cameras.values()), self._health,
            lambda: self.state, self._runtime.gpu_memory, lambda: self._runtime.stalled_s)

    @property
    def state(self) -> str:
        """Label of the lifecycle state."""
        return self._state_machine.current_state[1]

    @property
    def _settings(self) -> AllSettings:
        return self._settings_server.settings

    # Life cycle of the process

    def autostart(self) -> bool:
        """Configure and activate if the parameter autostart is set; return False on failure."""
        return not self._settings.node.autostart or self._configure_and_activate()

    def end(self) -> None:
        """Shut down from any state, before the node is destroyed."""
        self._recovery.cancel()
        if self.context.ok() and self.state in ('unconfigured', 'inactive', 'active'):
            self.trigger_shutdown()
        self._runtime.stop(_END_TIMEOUT_S)
        self._runtime.release()

    def release_handle(self) -> None:
        """Leave the middleware and its shared memory; to be called last."""
        # The state machine keeps the node's handle, and with it the participant, but destroy_node
        # does not destroy it. Not done there: a shutdown of the context calls destroy_node from
        # its own thread, possibly amid a transition.
        self._state_machine.destroy_when_not_in_use()

    # Transitions

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network, warm it up and create the publishers."""
        if not self._is_recovering:
            self._recovery.cancel()
            self._health.device_instead = ''
        result = self._attempt('configure', self._configure)
        if result != SUCCESS:
            self._free()
        else:
            self._health.trouble = ''
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe, segment and publish."""
        super().on_activate(state)
        result = self._attempt('activate', lambda: self._runtime.run(self._settings.node))
        if result != SUCCESS:
            stopped = self._runtime.stop(_STOP_TIMEOUT_S)
            super().on_deactivate(state)
            return result if stopped else ERROR
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop publishing at once, and unsubscribe."""
        stopped = self._runtime.stop(_STOP_TIMEOUT_S)
        super().on_deactivate(state)
        if not stopped:
            self._report_trouble(f'deactivate: timed out after {_STOP_TIMEOUT_S:.0f} s waiting '
                                 'for the inference thread')
        if self._fault is not None:
            self._report_fault(self._fault)
        return ERROR if self._fault is not None or not stopped else SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the network and remove the publishers."""
        return self._attempt('cleanup', self._free)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything, from any state."""
        self._recovery.cancel()
        self._runtime.stop(_END_TIMEOUT_S)
        self._health.facts = {}
        return self._attempt('shutdown', self._runtime.release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything; the node is unconfigured then."""
        self._runtime.stop(_STOP_TIMEOUT_S)
        return self._attempt('error processing', self._free)

    def _attempt(self, what: str, action: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            action()
        except UserError as error:
            self._report_trouble(f'{what}: {error}')
            return FAILURE
        except Exception as error:
            if is_shut_down(self):
                return FAILURE
            if is_device_error(error):
                self._report_trouble(f'{what}: device error: {first_line(error)}')
                self._check_device(error)
                return FAILURE
            self._report_trouble(f'{what}: {type(error).__name__}: {error}')
            self.get_logger().error(traceback.format_exc())
            return ERROR
        return SUCCESS

    def _configure(self) -> None:
        self._fault = None
        device = self._health.device_instead or self._settings.node.device
        self._health.facts = self._runtime.load(self._settings, device)
        self.get_logger().info('configured: ' + ', '.join(
            f'{key} {value}' for key, value in self._health.facts.items()))

    def _free(self) -> None:
        self._health.facts = {}
        self._runtime.free()

    def _report_trouble(self, text: str) -> None:
        self._health.trouble = text
        self.get_logger().error(text)

    # Errors of the pipeline

    def _on_fault(self, error: Exception) -> None:
        """Pass an error from the pipeline's thread to the executor's."""
        self._fault = error
        self._fault_signal.trigger()

    def _handle_fault(self) -> None:
        error, settings = self._fault, self._settings.node
        if error is None or self.state != 'active':     # deactivate has reported it
            return
        self.trigger_deactivate()       # reports it and fails: error processing, unconfigured
        if settings.on_device_error == 'stop' or self.exit_status is not None:
            return
        if settings.on_device_error == 'cpu' and is_device_error(error):
            self._health.device_instead = 'cpu'
        pause_s = self._recovery.schedule(settings.retry_backoff_s)
        self.get_logger().warning(f'retrying configure in {pause_s:.1f} s')

    def _report_fault(self, error: Exception) -> None:
        self._health.errors += 1
        self._health.last_error = f'{type(error).__name__}: {first_line(error)}'
        self._health.trouble = f'segmentation failed: {self._health.last_error}'
        self.get_logger().error('segmentation failed: ' + ''.join(
            traceback.format_exception(type(error), error, error.__traceback__)))
        self._check_device(error)

    def _check_device(self, error: Exception) -> None:
        """After a device error, probe the device; end the process where only that helps."""
        device = self._runtime.device or self._settings.node.device
        if not is_device_error(error) or not self._is_lost(error, device):
            return
        self._runtime.abandon()
        if self._settings.node.on_device_error == 'retry':
            self.get_logger().fatal(f'device {device} is lost for this process: exiting with '
                                    f'status {DEVICE_LOST} (respawn starts a new one)')
            self._recovery.cancel()
            self.exit_status = DEVICE_LOST
        else:
            self.get_logger().error(f'device {device} is lost for this process')

    def _recover(self) -> bool:
        if not self._configure_and_activate():
            return self.exit_status is not None     # then there is nothing to try again
        self._health.recoveries += 1
        return True

    def _configure_and_activate(self) -> bool:
        self._is_recovering = True
        try:
            return (self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS)
        finally:
            self._is_recovering = False

    # Services

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> Any:
        prefixes = [f'{name}.' if name else '' for name in self._runtime.cameras]
        result = self.set_parameters_atomically([
            Parameter(f'{prefix}enabled', Parameter.Type.BOOL, request.data)
            for prefix in prefixes])
        response.success = result.successful
        response.message = result.reason or ('enabled' if request.data else 'disabled')
        return response
