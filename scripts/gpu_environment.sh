# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by gpu_check.sh and gpu_train.sh: a Python that has PyTorch and what this package needs,
# without network and without touching the machine's own packages. Needs ROOT, OUTPUT and WHEELS.

die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 2; }

# Import name and wheel of everything that the parts use, PyTorch and ROS excepted.
NEEDED='numpy:numpy cv2:opencv-python-headless scipy:scipy safetensors:safetensors yaml:PyYAML
tqdm:tqdm av:av ruamel.yaml:ruamel.yaml pytest:pytest hypothesis:hypothesis sklearn:scikit-learn
cityscapesscripts:cityscapesScripts lightning:lightning albumentations:albumentations
rosbags:rosbags mcap:mcap zstandard:zstandard matplotlib:matplotlib tensorboard:tensorboard'

# Prints the wheels whose modules cannot be imported.
missing_wheels() {
    "$PYTHON" - $NEEDED <<'END'
import sys
from importlib.util import find_spec

for entry in sys.argv[1:]:
    module, wheel = entry.split(':')
    try:
        found = find_spec(module)
    except ModuleNotFoundError:         # not even the package above it
        found = None
    if found is None:
        print(wheel)
END
}

prepare_python() {
    PYTHON=${PYTHON:-python3}
    "$PYTHON" -c 'import torch' 2>/dev/null || die "$PYTHON has no PyTorch: set PYTHON to one that" \
        'has, for example PYTHON=/opt/conda/bin/python3'
    export PYTHONPATH=$ROOT:$OUTPUT/packages${PYTHONPATH:+:$PYTHONPATH} OMP_NUM_THREADS=4
    local missing; missing=$(missing_wheels)
    [ -n "$missing" ] || return 0
    if [ -d "$WHEELS" ]; then
        # One by one: a wheel that is missing costs only the parts that need it.
        local wheel
        for wheel in $missing; do
            "$PYTHON" -m pip install --quiet --no-index --find-links "$WHEELS" \
                --target "$OUTPUT/packages" "$wheel" >> "$OUTPUT/packages.txt" 2>&1 || true
        done
        rm -rf "$OUTPUT"/packages/torch "$OUTPUT"/packages/torch-*    # the machine's own is used
        missing=$(missing_wheels)
    fi
    [ -z "$missing" ] || printf 'missing, parts that need them will fail: %s\n' \
        "$(echo $missing)" | tee -a "$OUTPUT/packages.txt" >&2
}
