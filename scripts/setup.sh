#!/usr/bin/env bash
# Makes sure that a GPU driver is there for wgpu to use: where none is installed, Mesa's software drivers (lavapipe for Vulkan,
# llvmpipe for OpenGL). Does nothing where a driver exists, and can be run as often as you like.
set -euo pipefail

say() { printf 'setup: %s\n' "$*"; }

# Prints the Vulkan driver manifests that the loader would find.
vulkan_drivers() {
    local listed=${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}
    if [ -n "$listed" ]; then
        local -a files
        IFS=: read -ra files <<<"$listed"
        ls -d "${files[@]}" 2>/dev/null || true
        return
    fi
    local folder
    for folder in /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d /etc/vulkan/icd.d \
        "${XDG_DATA_HOME:-${HOME:-/root}/.local/share}/vulkan/icd.d" /run/opengl-driver/share/vulkan/icd.d; do
        ls -d "$folder"/*.json 2>/dev/null || true
    done
}

# The loader is opened by name at run time.
have_loader() {
    local ldconfig=ldconfig
    command -v ldconfig >/dev/null || ldconfig=/sbin/ldconfig
    "$ldconfig" -p 2>/dev/null | grep -q 'libvulkan\.so\.1' && return
    ls -d /usr/lib*/libvulkan.so.1 /usr/lib/*/libvulkan.so.1 /run/opengl-driver/lib/libvulkan.so.1 >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "needs root, or sudo, to run: $*" >&2
        exit 1
    fi
}

apt_install() {
    # A fresh image has no package lists.
    apt-cache show mesa-vulkan-drivers >/dev/null 2>&1 || as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" ||
        # The lists may be older than the packages they name.
        { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"; }
}

if [ "$(uname -s)" != Linux ]; then
    say "$(uname -s) brings its GPU drivers; nothing to do"
    exit 0
fi

drivers=$(vulkan_drivers)
if [ -n "$drivers" ] && have_loader; then
    say "a Vulkan driver is installed; nothing to do"
    exit 0
fi

say "no Vulkan driver found; installing Mesa's"
if command -v apt-get >/dev/null; then
    apt_install mesa-vulkan-drivers libvulkan1 libegl1 libgl1-mesa-dri
elif command -v dnf >/dev/null; then
    as_root dnf install -y mesa-vulkan-drivers vulkan-loader libglvnd-egl mesa-libEGL mesa-dri-drivers
elif command -v pacman >/dev/null; then
    as_root pacman -S --noconfirm --needed vulkan-swrast vulkan-icd-loader mesa libglvnd
elif command -v zypper >/dev/null; then
    as_root zypper --non-interactive install libvulkan_lvp libvulkan1 Mesa-libEGL1 Mesa-dri
elif command -v apk >/dev/null; then
    as_root apk add mesa-vulkan-swrast vulkan-loader mesa-egl mesa-dri-gallium
else
    say "no package manager that this script knows; install Mesa's Vulkan driver and the Vulkan loader" >&2
    exit 1
fi

drivers=$(vulkan_drivers)
if [ -z "$drivers" ]; then
    say "the packages are installed, but no Vulkan driver is there; is VK_DRIVER_FILES set?" >&2
    exit 1
fi
say "done"
