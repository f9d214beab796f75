#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Sets up the environment and runs all tests, including linters and real ROS 2 nodes.
#
#   scripts/test.sh [PYTEST ARGUMENTS]
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" test

cd "$ROOT"
enter_own_ros_domain
# Several nodes under test run at the same time: none may use all cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# Many tests wait for other processes, so two run at a time; a file's tests share fixtures.
# A test that waits for ever fails after 15 minutes, with its stack, and the others go on.
exec "$VENV/bin/python" -m pytest -n 2 --dist loadfile \
    --no-loadscope-reorder --timeout 900 "$@"
