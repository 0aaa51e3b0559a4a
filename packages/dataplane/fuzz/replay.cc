/** Runs a fuzz target over its corpus and over many deterministic changes of it, without libFuzzer. */
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int count, char** values) {
  size_t runs = 0;
  uint64_t state = 42;
  const auto random = [&] { return (state = state * 6364136223846793005u + 1442695040888963407u) >> 33; };
  for (int i = 1; i < count; i++)
    for (const auto& entry : std::filesystem::directory_iterator(values[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<uint8_t> seed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      LLVMFuzzerTestOneInput(seed.data(), seed.size());
      for (int round = 0; round < 2000; round++, runs++) {
        std::vector<uint8_t> changed = seed;
        for (uint64_t edits = 1 + random() % 4; edits > 0 && !changed.empty(); edits--) changed[random() % changed.size()] = static_cast<uint8_t>(random());
        if (random() % 3 == 0) changed.resize(random() % (changed.size() + 1));
        LLVMFuzzerTestOneInput(changed.data(), changed.size());
      }
    }
  printf("%zu runs\n", runs);
  return runs > 0 ? 0 : 1;
}
