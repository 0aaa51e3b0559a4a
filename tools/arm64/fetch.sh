#!/bin/sh
# Puts a cross compiler, an emulator and an arm64 sysroot of this Debian into FOLDER; installs nothing and adds no architecture here.
# Usage: tools/arm64/fetch.sh FOLDER     -> FOLDER/tools (amd64 programs), FOLDER/sysroot (arm64 libraries and headers)
set -eu
folder=$1
[ -e "$folder/.complete" ] && exit 0
rm -rf "$folder" && mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial" "$folder/tools" "$folder/sysroot" "$folder/debs"
: > "$folder/status"
say() { printf 'arm64: %s\n' "$1" >&2; }

# apt with a root of its own: same sources and keys, another architecture, nothing installed.
cat > "$folder/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "$folder/state";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
Acquire::Languages "none";
CONF

say 'fetching the arm64 libraries'
APT_CONFIG="$folder/apt.conf" apt-get -qq update
APT_CONFIG="$folder/apt.conf" apt-get -qq install --download-only -y --no-install-recommends libssl-dev libstdc++-12-dev libc6-dev > "$folder/apt.log"
for deb in "$folder"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$folder/sysroot"; done

say 'fetching the cross compiler and the emulator'
[ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] || apt-get -qq update
(cd "$folder/debs" && apt-get -qq -o APT::Sandbox::User=root download binutils-aarch64-linux-gnu cpp-12-aarch64-linux-gnu gcc-12-aarch64-linux-gnu \
  g++-12-aarch64-linux-gnu libgcc-12-dev-arm64-cross libstdc++-12-dev-arm64-cross qemu-user-static)
for deb in "$folder"/debs/*.deb; do dpkg-deb -x "$deb" "$folder/tools"; done
rm -rf "$folder/debs" "$folder/cache" "$folder/state"
touch "$folder/.complete"
