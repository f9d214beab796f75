#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Writes requirements/demo.lock anew, after a change of ros.txt or runtime.txt; needs uv.
#
#   scripts/lock.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../requirements"
command -v uv >/dev/null || { echo 'lock.sh needs uv: pip install uv' >&2; exit 2; }
hashes=$(uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header \
    --no-annotate --no-emit-index-url -c constraints.txt ros.txt runtime.txt)
{ sed -n '/^#/!q; p' demo.lock; echo "$hashes"; } >demo.lock.part
mv demo.lock.part demo.lock
