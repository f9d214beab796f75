#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Sets up the environment, replays street footage through the node and shows the results.
#
#   scripts/demo.sh [BAG_OR_VIDEO] [--image-topic TOPIC] [MORE OPTIONS]   (--help lists them)
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" demo

exec "$VENV/bin/instance_seg" demo "$@"
