#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Sets up the environment and runs the checks that read the code: types (mypy) and style (ruff).
#
#   scripts/static.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" test

cd "$ROOT"
"$VENV/bin/python" -m ruff check .
exec "$VENV/bin/python" -m mypy
