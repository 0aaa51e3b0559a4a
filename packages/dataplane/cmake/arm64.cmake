# Toolchain: g++ of tools/arm64/fetch.sh, programs for arm64 against its Debian sysroot. Tests run under QEMU's user emulation.
#   cmake -S packages/dataplane -B … -DCMAKE_TOOLCHAIN_FILE=…/cmake/arm64.cmake -DXFRMD_ARM64=<folder of fetch.sh>
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(XFRMD_ARM64 "" CACHE PATH "Folder with tools/ and sysroot/")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES XFRMD_ARM64)

set(CMAKE_SYSROOT ${XFRMD_ARM64}/sysroot)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_C_COMPILER ${XFRMD_ARM64}/tools/usr/bin/aarch64-linux-gnu-gcc-12)
set(CMAKE_CXX_COMPILER ${XFRMD_ARM64}/tools/usr/bin/aarch64-linux-gnu-g++-12)
# The compiler's own start files and libgcc are in tools/; libstdc++ and libc come from the sysroot.
set(CMAKE_CROSSCOMPILING_EMULATOR ${XFRMD_ARM64}/tools/usr/bin/qemu-aarch64-static -L ${XFRMD_ARM64}/sysroot)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
