#!/bin/sh
# Puts Debian's stock kernel for the tests' virtual machine into build/vm/kernel: image and the modules a network test can ask for.
# The package is unpacked, not installed: an installed kernel brings an initramfs generator and hooks that nothing here needs.
# Quick when it is there already; remove build/vm/kernel to get a newer one.
set -eu
cd "$(dirname "$0")/../.."
target=build/vm/kernel
[ -f "$target/version" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
# linux-image-amd64 is an empty package that depends on the current version.
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
[ -n "$package" ] || { echo 'fetch-kernel: apt knows no linux-image-amd64' >&2; exit 1; }
version=${package#linux-image-}
(cd "$work" && apt-get download -q -o APT::Sandbox::User=root "$package" >&2)

rm -rf "$target"
mkdir -p "$target"
modules="./lib/modules/$version"
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$target" --wildcards --no-wildcards-match-slash \
  "./boot/vmlinuz-$version" "$modules/modules.*" "$modules/kernel/arch" "$modules/kernel/crypto" "$modules/kernel/lib" "$modules/kernel/net" \
  "$modules/kernel/fs/9p" "$modules/kernel/fs/netfs" "$modules/kernel/fs/fscache" "$modules/kernel/drivers/virtio" "$modules/kernel/drivers/crypto" \
  "$modules/kernel/drivers/net/*.ko" "$modules/kernel/drivers/net/ppp" "$modules/kernel/drivers/net/wireguard" "$modules/kernel/drivers/net/slip"
depmod -b "$target" "$version"
printf '%s\n' "$version" > "$target/version"
