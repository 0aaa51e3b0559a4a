#!/bin/sh
# Makes a bare Debian 12 machine (root) ready: Debian packages, Node 24 and npm packages, native build. Quick when nothing is missing.
# Usage: tools/set-up.sh start|test|bench|demo     demo needs no root and no Debian packages.
set -eu
purpose=${1:-start}
cd "$(dirname "$0")/.."

say() { printf 'set-up: %s\n' "$1" >&2; }

# What the programs need at run time and for the native build.
run_packages="charon-systemd libcharon-extra-plugins strongswan-swanctl libstrongswan-standard-plugins libstrongswan-extra-plugins
  iproute2 nftables iputils-ping procps util-linux openssl g++ cmake ninja-build libssl-dev"
# What the tests need besides: third-party clients, judges and load makers, and a virtual machine with the kernel's own ESP.
test_packages="azure-cli dnsmasq-base tcpdump tshark ike-scan iperf3 clang libclang-rt-14-dev valgrind qemu-system-x86 busybox-static kmod"
# What the comparison of ESP engines needs besides: its peers, and a profiler.
bench_packages="openvpn wireguard-go wireguard-tools linux-perf"

# Optional: xfrmd's faster AES-GCM, and the header that a test holds our declarations against. Debian has them for amd64 only.
if [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ]; then
  run_packages="$run_packages libipsec-mb1"
  test_packages="$test_packages libipsec-mb-dev"
fi

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
  done
}

install_debian_packages() {
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ]; then
    say "these Debian packages are missing and only root can install them: $missing"
    exit 1
  fi
  say "installing Debian packages: $missing"
  log=$(mktemp)
  # Services of these packages must not start: Sallyport runs its own instances in namespaces.
  mask=
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d && mask=yes
  fi
  # shellcheck disable=SC2086 # a list of words
  if { [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] || apt-get update; } >"$log" 2>&1 &&
    { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing || { apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; }; } >>"$log" 2>&1; then failed=; else failed=yes; fi
  [ -n "$mask" ] && rm -f /usr/sbin/policy-rc.d
  if [ -n "$failed" ]; then
    tail -n 20 "$log" >&2
    say "apt-get could not install them (full log: $log)"
    exit 1
  fi
  rm -f "$log"
}

install_node_packages() {
  stamp=node_modules/.sallyport-lock
  if ! cmp -s package-lock.json "$stamp" 2>/dev/null || [ ! -x node_modules/.bin/node ]; then
    say 'installing npm packages and Node 24'
    log=$(mktemp)
    npm ci --no-audit --no-fund --include=dev --include=optional >"$log" 2>&1 || { tail -n 20 "$log" >&2; say "npm ci failed (full log: $log)"; exit 1; }
    rm -f "$log"
    cp package-lock.json "$stamp"
  fi
}

build_data_plane() {
  [ -f packages/dataplane/CMakeLists.txt ] || return 0
  sources=$(find packages/dataplane -name 'build*' -prune -o -type f -print | LC_ALL=C sort | xargs cat | cksum)
  stamp=packages/dataplane/build/.sources
  # CMake works only where it was configured: a clone that was moved or copied is built anew.
  if [ -e packages/dataplane/build/CMakeCache.txt ] &&
    ! grep -qxF -e "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD/packages/dataplane" -e "CMAKE_HOME_DIRECTORY:INTERNAL=$(pwd -P)/packages/dataplane" \
      packages/dataplane/build/CMakeCache.txt; then
    rm -rf packages/dataplane/build
  fi
  if [ "$(cat "$stamp" 2>/dev/null)" != "$sources" ]; then
    say 'building the data plane'
    log=$(mktemp)
    { cmake -S packages/dataplane -B packages/dataplane/build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo && cmake --build packages/dataplane/build; } >"$log" 2>&1 ||
      { tail -n 40 "$log" >&2; say "the native build failed (full log: $log)"; exit 1; }
    rm -f "$log"
    printf '%s\n' "$sources" > "$stamp"
  fi
}

# What tests take from Debian without installing it: two peers, and a stock kernel to boot.
unpack_peers() {
  tools/peers/unpack.sh libreswan usr/libexec/ipsec/pluto
  tools/peers/unpack.sh openiked usr/sbin/iked
  tools/vm/fetch-kernel.sh
}

case $purpose in
  # shellcheck disable=SC2086 # lists of words
  start) install_debian_packages $run_packages ;;
  # shellcheck disable=SC2086
  test) install_debian_packages $run_packages $test_packages ;;
  # shellcheck disable=SC2086
  bench) install_debian_packages $run_packages $test_packages $bench_packages ;;
  demo) ;;
  *) say "unknown purpose '$purpose': start, test, bench or demo"; exit 2 ;;
esac
# The compiler and the network have no need of each other.
building=
if [ "$purpose" != demo ]; then
  build_data_plane &
  building=$!
  trap 'kill "$building" 2>/dev/null || true' EXIT
fi
install_node_packages
case $purpose in
  test | bench) unpack_peers ;;
esac
[ -z "$building" ] || wait "$building" || exit 1
trap - EXIT
