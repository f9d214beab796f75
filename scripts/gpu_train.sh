#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Trains for a given time at full speed on one CUDA device; run again, it continues.
#
#   scripts/gpu_train.sh DATA... --minutes N [--config FILE] [--width PIXELS] [--output DIR]
#                        [--init FILE] [--workers N] [--wheels DIR]
#
#   DATA           folders of labelled frames in any layout the package reads
#   --minutes N    for the run (the schedule follows the clock), packing not included
#   --config FILE  recipe (config/training/paper.yaml); `validate_every` is set to about a minute
#   --width PIXELS the data are packed to this width once (1024)
#   --output DIR   packed data, weights and logs (gpu_train); best.safetensors is the best so far
#
# The share of time that the device waits for data is printed at the end; above a few per cent, give
# more --workers or a smaller --width. Exit status 2: the arguments or the data do not fit.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
OUTPUT=gpu_train WHEELS=$ROOT/wheels MINUTES='' WIDTH=1024 DATA=() INIT=()
CONFIG=$ROOT/config/training/paper.yaml WORKERS=$(($(nproc) > 1 ? $(nproc) - 1 : 1))
. "$ROOT/scripts/gpu_environment.sh"

while [ $# -gt 0 ]; do
    case $1 in
        --minutes) MINUTES=$2; shift 2 ;;
        --config) CONFIG=$2; shift 2 ;;
        --width) WIDTH=$2; shift 2 ;;
        --output) OUTPUT=$2; shift 2 ;;
        --init) INIT=(--init "$2"); shift 2 ;;
        --workers) WORKERS=$2; shift 2 ;;
        --wheels) WHEELS=$2; shift 2 ;;
        -*) die "unknown argument $1; see the top of $0" ;;
        *) DATA+=("$1"); shift ;;
    esac
done
[ ${#DATA[@]} -gt 0 ] || die 'name the folders of the data'
[ -n "$MINUTES" ] || die 'name the time with --minutes'
mkdir -p "$OUTPUT" && OUTPUT=$(cd "$OUTPUT" && pwd -P)
prepare_python
train() { "$PYTHON" -m instance_seg_ros.cli train "$@"; }

"$PYTHON" "$ROOT/scripts/pack_dataset.py" "${DATA[@]}" --output "$OUTPUT/data" --width "$WIDTH"
RUN=$OUTPUT/run
if [ -f "$RUN/last.ckpt" ]; then
    exec "$PYTHON" -m instance_seg_ros.cli train --data "$OUTPUT/data" --workers "$WORKERS" \
        --config "$OUTPUT/recipe.yaml" --max-time "$MINUTES" --output "$RUN" --resume
fi
if [ ! -f "$OUTPUT/recipe.yaml" ]; then
    # A short run measures the speed of the machine: updates per minute.
    STEPS=${GPU_TRAIN_RATE_STEPS:-100}
    train --data "$OUTPUT/data" --config "$CONFIG" --steps "$STEPS" --workers "$WORKERS" \
        --output "$OUTPUT/rate" 2>&1 | tee "$OUTPUT/rate.txt"
    "$PYTHON" - "$CONFIG" "$OUTPUT/rate.txt" "$OUTPUT/recipe.yaml" <<'END'
import re
import sys

config, log, output = sys.argv[1:]
steps, minutes = re.findall(r'(\d+) steps in ([\d.]+) minutes', open(log).read())[-1]
every = max(10, round(int(steps) / max(float(minutes), 0.05)))
text = re.sub(r'(?m)^validate_every:.*\n', '', open(config).read())
open(output, 'w').write(f'{text.rstrip()}\nvalidate_every: {every}\n')
print(f'about {every} updates a minute')
END
    rm -rf "$OUTPUT/rate"
fi
train --data "$OUTPUT/data" --config "$OUTPUT/recipe.yaml" --max-time "$MINUTES" \
    --workers "$WORKERS" --output "$RUN" "${INIT[@]}"
