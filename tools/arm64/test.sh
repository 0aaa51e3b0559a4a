#!/bin/sh
# Cross-builds the data plane for arm64 and runs its unit tests and corpus replays under QEMU's user emulation.
# Usage: tools/arm64/test.sh     Needs apt sources and network once; installs nothing (tools/arm64/fetch.sh).
set -eu
cd "$(dirname "$0")/../.."
folder=$PWD/packages/dataplane/build-arm64
sh tools/arm64/fetch.sh "$folder/debian"
# The cross assembler's own libraries.
LD_LIBRARY_PATH=$folder/debian/tools/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH
cmake -S packages/dataplane -B "$folder/cmake" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/packages/dataplane/cmake/arm64.cmake" \
  -DXFRMD_ARM64="$folder/debian" > /dev/null
cmake --build "$folder/cmake" -j 2
unset LD_LIBRARY_PATH
exec ctest --test-dir "$folder/cmake" --output-on-failure
