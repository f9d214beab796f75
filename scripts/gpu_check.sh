#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Everything that only a CUDA device can show, in order of worth, each part under a time limit.
#
#   scripts/gpu_check.sh [--minutes N] [--output DIR] [--data DIR] [--wheels DIR] [--rehearse]
#
#   --minutes N    for all parts together (14)
#   --output DIR   results, as JSON and text, written as they come (gpu_check)
#   --data DIR     labelled frames in any layout the package reads; may be repeated
#                  (../shared/data/{streets_val,kitti_mots_0005} where they are)
#   --wheels DIR   wheels of what PyTorch's Python lacks (wheels, next to this checkout's files)
#   --rehearse     the same steps on the CPU, small: the figures mean nothing
#
# Needs Linux, Python 3.10 or later with PyTorch for CUDA, and no network. PYTHON selects the
# interpreter. Exit status: 0 when every part succeeded, 1 when one failed or ran out of time, 2 when
# nothing could be started.
set -uo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
OUTPUT=gpu_check WHEELS=$ROOT/wheels MINUTES=14 REHEARSE='' DATA=()
. "$ROOT/scripts/gpu_environment.sh"

while [ $# -gt 0 ]; do
    case $1 in
        --minutes) MINUTES=$2; shift 2 ;;
        --output) OUTPUT=$2; shift 2 ;;
        --data) DATA+=("$2"); shift 2 ;;
        --wheels) WHEELS=$2; shift 2 ;;
        --rehearse) REHEARSE=yes; shift ;;
        *) die "unknown argument $1; see the top of $0" ;;
    esac
done
[[ $MINUTES =~ ^[0-9]+$ ]] && [ "$MINUTES" -gt 0 ] || die "--minutes $MINUTES: not a number"
mkdir -p "$OUTPUT" && OUTPUT=$(cd "$OUTPUT" && pwd -P) || die "cannot write to $OUTPUT"
prepare_python
if [ -z "$REHEARSE" ]; then
    "$PYTHON" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' ||
        die 'PyTorch sees no CUDA device; --rehearse takes the same steps on the CPU'
fi
if [ ${#DATA[@]} = 0 ]; then
    for folder in "$ROOT"/../shared/data/{streets_val,kitti_mots_0005}; do
        [ ! -d "$folder" ] || DATA+=("$folder")
    done
fi

END=$(($(date +%s) + 60 * MINUTES)) FAILED=0
: > "$OUTPUT/summary.jsonl"

# part NAME PERCENT COMMAND...: run a part for at most that share of the minutes, or what is left.
part() {
    local name=$1 limit=$((60 * MINUTES * $2 / 100)) left=$((END - $(date +%s))) begin status word
    shift 2
    [ "$limit" -le "$left" ] || limit=$left
    begin=$(date +%s)
    if [ "$limit" -lt 5 ]; then
        status=skipped
    else
        (cd "$ROOT" && timeout -k 10 "$limit" "$@") > "$OUTPUT/$name.txt" 2>&1
        status=$?
    fi
    case $status in
        0) word=passed ;;
        124 | 137) word='timed out' ;;
        skipped) word='no time left' ;;
        *) word="failed, status $status" ;;
    esac
    [ "$word" = passed ] || FAILED=1
    printf '{"part": "%s", "result": "%s", "seconds": %d, "limit_s": %d}\n' \
        "$name" "$word" $(($(date +%s) - begin)) "$limit" >> "$OUTPUT/summary.jsonl"
    printf '%-14s %-20s %4d s\n' "$name" "$word" $(($(date +%s) - begin)) |
        tee -a "$OUTPUT/summary.txt"
    sync "$OUTPUT"/* 2>/dev/null || true
}

python() { "$PYTHON" "$@"; }
benchmark() { "$PYTHON" -m instance_seg_ros.cli benchmark "$@"; }

environment() {
    nvidia-smi || true
    python -c 'import platform, sys, torch
print(platform.platform(), sys.version, "torch", torch.__version__, "CUDA", torch.version.cuda)
for k in range(torch.cuda.device_count()): print(torch.cuda.get_device_properties(k))'
    git -C "$ROOT" log -1 --format='%H %cI' || true
}
export -f environment python benchmark
export PYTHON ROOT

: > "$OUTPUT/summary.txt"
part environment 5 bash -c environment
TESTS=(-q -p no:cacheprovider -rfs --durations=5)
if [ -n "$REHEARSE" ]; then
    part tests 40 "$PYTHON" -m pytest "${TESTS[@]}" test/test_gpu.py \
        test/inference/test_cuda_graph_capture.py test/inference/test_non_finite.py
    FRAMES='1 2' DEVICE=cpu SIZE=128x64 LIMIT=1 GPU='--rehearse --repeats 2'
else
    part tests 30 "$PYTHON" -m pytest "${TESTS[@]}" -m gpu test/test_gpu.py
    FRAMES='100 1000 10000' DEVICE=cuda SIZE=768x384 LIMIT=40 GPU='--repeats 200'
fi
IMAGES=$([ -n "$REHEARSE" ] && echo '--image-size 128x64')
part gpu 30 bash -c "benchmark gpu --device $DEVICE $GPU $IMAGES --json $OUTPUT/gpu.json"
part profile 8 bash -c "benchmark profile --device $DEVICE --input-size $SIZE $IMAGES \
    --repeats ${LIMIT} --json $OUTPUT/profile.json"
part memory 20 bash -c "benchmark memory --device $DEVICE --input-size $SIZE $IMAGES \
    --after $FRAMES --json $OUTPUT/memory.json"
if [ ${#DATA[@]} -gt 0 ]; then
    part engines 30 bash -c "benchmark engines --device $DEVICE --limit $LIMIT \
        ${REHEARSE:+--size $SIZE} --data ${DATA[*]@Q} --json $OUTPUT/engines.json"
fi
if "$PYTHON" -c 'import rclpy' 2>/dev/null && [ -z "$REHEARSE" ]; then
    part node 30 bash -c "benchmark node --device $DEVICE --input-size $SIZE --rate 30 \
        --frames 100 --json $OUTPUT/node.json"
fi
echo "Results: $OUTPUT"
exit $FAILED
