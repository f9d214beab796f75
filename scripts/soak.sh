#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs the node for long with everything changing around it, and reports whether anything grows.
#
#   scripts/soak.sh [--minutes N] [--output FILE]     (--help lists the options)
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" test

cd "$ROOT"
enter_own_ros_domain
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
PYTHONPATH="$ROOT:$ROOT/test${PYTHONPATH:+:$PYTHONPATH}" exec "$VENV/bin/python" -m ros.soak "$@"
