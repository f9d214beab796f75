#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Sets everything up, replays street footage into the node and shows what it made of it.
#
#   scripts/demo.sh [BAG_OR_VIDEO] [--image-topic TOPIC] [MORE OPTIONS]   (--help lists them)
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" demo

exec "$VENV/bin/instance_seg" demo "$@"
