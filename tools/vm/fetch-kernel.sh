#!/bin/sh
# Puts Debian's stock kernel for the tests' virtual machine into build/vm/kernel: image and the modules a network test can ask for.
# The package is unpacked, not installed: an installed kernel brings an initramfs generator and hooks that nothing here needs.
# Nothing is done when it is there already; remove build/vm/kernel to get a newer one.
set -eu
cd "$(dirname "$0")/../.."
target=build/vm/kernel
stamp=$(cksum < tools/vm/fetch-kernel.sh)
[ "$(cat "$target/stamp" 2>/dev/null)" = "$stamp" ] && exit 0

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
# Without AF_ALG: strongSwan's tools ask it for every cipher there is, and the emulated kernel would load and test them all for 25 s.
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$target" --wildcards --no-wildcards-match-slash \
  --exclude "$modules/kernel/crypto/af_alg.ko" --exclude "$modules/kernel/crypto/algif_*.ko" \
  "./boot/vmlinuz-$version" "$modules/modules.*" "$modules/kernel/arch" "$modules/kernel/crypto" "$modules/kernel/lib" "$modules/kernel/net" \
  "$modules/kernel/fs/9p" "$modules/kernel/fs/netfs" "$modules/kernel/fs/fscache" "$modules/kernel/drivers/virtio" "$modules/kernel/drivers/crypto" \
  "$modules/kernel/drivers/char/virtio_console.ko" "$modules/kernel/drivers/net/*.ko" "$modules/kernel/drivers/net/ppp" "$modules/kernel/drivers/net/wireguard" "$modules/kernel/drivers/net/slip"
depmod -b "$target" "$version"
printf '%s\n' "$version" > "$target/version"
printf '%s\n' "$stamp" > "$target/stamp"
