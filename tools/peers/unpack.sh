#!/bin/sh
# Puts a Debian package of a peer, and what of its dependencies is not installed, into build/PACKAGE for tests. Unpacked, never installed:
# libreswan's package and strongSwan's exclude each other, openiked's starts a daemon. Nothing is done when PROGRAM is there already;
# remove the folder to get a newer one.
# Usage: tools/peers/unpack.sh PACKAGE PROGRAM     PROGRAM is a path in the package, without the first slash
set -eu
package=$1 program=$2
cd "$(dirname "$0")/../.."
target=build/$package
[ -x "$target/$program" ] && exit 0

making=$target.$$
trap 'rm -rf "$making"' EXIT
mkdir -p "$making/archives/partial"
apt-get -q -y -o "Dir::Cache::archives=$PWD/$making/archives" -o APT::Sandbox::User=root install --download-only --no-install-recommends "$package" >&2
for archive in "$making"/archives/*.deb; do dpkg -x "$archive" "$making"; done
rm -rf "$making/archives" "$target"
mv "$making" "$target"
