#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Sets everything up and runs the tests, real ROS 2 nodes and linters included.
#
#   scripts/test.sh [PYTEST ARGUMENTS]
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" test

cd "$ROOT"
enter_own_ros_domain
# The nodes under test run side by side: none may take all cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec "$VENV/bin/python" -m pytest "$@"
