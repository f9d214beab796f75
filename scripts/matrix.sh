#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs the tests under several versions of Python, NumPy and PyTorch, and prints a table.
#
#   scripts/matrix.sh [--pair PYTHON,NUMPY,TORCH]... [--output FILE] [--keep DIR] [-- PYTEST ARGS]
#
#   --pair     interpreter and the two requirements, such as python3.10,numpy==1.26.4,torch==2.1.2;
#              may be repeated. Default: each Python from 3.10 to 3.13 that is installed with the
#              versions that are pinned, and the oldest and newest pairs with one of them
#   --output   file for the table (Markdown)
#   --keep     folder for the environments, to use them again (default: a temporary one)
#
# Without arguments for pytest it runs the tests that need neither ROS nor extras. Exit status 1:
# something failed, or no pair could be tested.
set -uo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
PAIRS=() OUTPUT='' KEEP=''
while [ $# -gt 0 ]; do
    case $1 in
        --pair) PAIRS+=("$2"); shift 2 ;;
        --output) OUTPUT=$(realpath -m "$2"); shift 2 ;;
        --keep) KEEP=$(realpath -m "$2"); shift 2 ;;
        --) shift; break ;;
        *) echo "unknown argument $1; see the top of $0" >&2; exit 2 ;;
    esac
done
TESTS=("$@")
[ ${#TESTS[@]} -gt 0 ] || TESTS=(test/core test/inference test/networks test/node_config
    test/perception test/messages test/monitoring test/io test/bags/test_reader.py
    test/bags/test_writer.py test/offline/test_process.py -m 'not slow')

pinned() { grep -hE "^$1==" "$ROOT"/requirements/*.txt | head -n 1; }

if [ ${#PAIRS[@]} = 0 ]; then
    for version in 3.10 3.11 3.12 3.13; do
        python$version -c '' 2>/dev/null \
            && PAIRS+=("python$version,$(pinned numpy),$(pinned torch)")
    done
    python3.11 -c '' 2>/dev/null && PAIRS+=('python3.11,numpy==1.26.4,torch==2.1.2'
        'python3.11,numpy==1.26.4,torch' 'python3.11,numpy<2.3,torch')
fi
[ -n "$KEEP" ] || { KEEP=$(mktemp -d); trap 'rm -rf "$KEEP"' EXIT; }
mkdir -p "$KEEP"

# Prints the last line of pytest, or why there is none.
test_pair() {
    local python=$1 numpy=$2 torch=$3 place=$KEEP/${1##*/}_${2//[^0-9a-z.]/_}_${3//[^0-9a-z.]/_}
    local venv=$place.venv log=$place.log status
    "$python" -c '' 2>/dev/null || { echo "$python is not installed"; return 1; }
    { [ -x "$venv/bin/pytest" ] || { "$python" -m venv "$venv" && "$venv/bin/python" -m pip install \
        --disable-pip-version-check --no-input -q "$numpy" "$torch" 'opencv-python-headless<5' \
        safetensors rosbags mcap tqdm scipy scikit-learn ruamel.yaml zstandard av PyYAML pytest \
        hypothesis pillow psutil onnx onnxruntime cityscapesscripts 'setuptools<80'; }; } \
        >"$log" 2>&1 </dev/null \
        || { echo "not installed: $(grep -E '^ERROR' "$log" | tail -n 1 | cut -c 1-120)"; return 1; }
    (cd "$ROOT" && OMP_NUM_THREADS=1 PYTHONPATH=$ROOT "$venv/bin/python" -m pytest -q \
        -p no:cacheprovider "${TESTS[@]}") >>"$log" 2>&1 </dev/null
    status=$?
    tail -n 1 "$log" | sed 's/=//g; s/^ *//; s/ *$//'
    return $status
}

FAILED=0
TABLE=$'| Python | NumPy | PyTorch | Result |\n|---|---|---|---|\n'
for pair in "${PAIRS[@]}"; do
    IFS=, read -r python numpy torch <<<"$pair"
    result=$(test_pair "$python" "$numpy" "$torch") || FAILED=1
    TABLE+="| $("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null \
        || echo "$python") | ${numpy#numpy} | ${torch#torch} | $result |"$'\n'
    tail -n 1 <<<"${TABLE%$'\n'}"
done
[ -z "$OUTPUT" ] || printf '%s' "$TABLE" >"$OUTPUT"
exit $((FAILED || ${#PAIRS[@]} == 0))
