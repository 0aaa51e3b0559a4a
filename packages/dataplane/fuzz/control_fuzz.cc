/** JSON of the control socket: parsing, and that what was parsed prints to something that parses again. */
#include <cstdlib>

#include "control/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto value = xfrmd::Json::parse({reinterpret_cast<const char*>(data), size});
  if (value && !xfrmd::Json::parse(value->print())) abort();
  return 0;
}
