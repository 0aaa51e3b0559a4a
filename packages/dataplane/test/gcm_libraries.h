/** Runs a program's tests once per library that does AES-GCM here, and says which. */
#pragma once
#include "check.h"
#include "esp/gcm_library.h"

namespace gcm_libraries {

inline int run_with_each() {
  int status = 0;
  for (const auto library : {xfrmd::GcmLibrary::OpenSsl, xfrmd::GcmLibrary::IpsecMb}) {
    if (!xfrmd::use_gcm_library(library)) {
      printf("%s is not here: not tested\n", xfrmd::gcm_library_name(library));
      continue;
    }
    printf("with %s: ", xfrmd::describe_gcm_library(library).c_str());
    fflush(stdout);
    status |= check::run_all();
  }
  return status;
}

}  // namespace gcm_libraries
