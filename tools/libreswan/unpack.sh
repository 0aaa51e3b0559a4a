#!/bin/sh
# Puts Debian's libreswan, and what of its dependencies is not installed, into build/libreswan for tests. Unpacked, never installed:
# its package and strongSwan's exclude each other. Nothing is done when it is there already; remove the folder to get a newer one.
set -eu
cd "$(dirname "$0")/../.."
target=build/libreswan
[ -x "$target/usr/libexec/ipsec/pluto" ] && exit 0

making=$target.$$
trap 'rm -rf "$making"' EXIT
mkdir -p "$making/archives/partial"
apt-get -q -y -o "Dir::Cache::archives=$PWD/$making/archives" -o APT::Sandbox::User=root install --download-only --no-install-recommends libreswan >&2
for archive in "$making"/archives/*.deb; do dpkg -x "$archive" "$making"; done
rm -rf "$making/archives" "$target"
mv "$making" "$target"
