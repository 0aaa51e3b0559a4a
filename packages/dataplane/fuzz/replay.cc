/** Runs a fuzz target over its corpus and over many deterministic changes of it, without libFuzzer. */
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int count, char** values) {
  std::vector<std::vector<uint8_t>> seeds;
  for (int i = 1; i < count; i++)
    for (const auto& entry : std::filesystem::directory_iterator(values[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  if (seeds.empty()) return 1;
  // Independent of the order in which the file system lists them.
  std::sort(seeds.begin(), seeds.end());
  constexpr size_t kRuns = 10'000;
  size_t runs = 0;
  uint64_t state = 42;
  const auto random = [&] { return (state = state * 6364136223846793005u + 1442695040888963407u) >> 33; };
  for (const auto& seed : seeds) {
    LLVMFuzzerTestOneInput(seed.data(), seed.size());
    for (size_t round = 0; round < kRuns / seeds.size(); round++, runs++) {
      std::vector<uint8_t> changed = seed;
      for (uint64_t edits = 1 + random() % 4; edits > 0 && !changed.empty(); edits--) changed[random() % changed.size()] = static_cast<uint8_t>(random());
      if (random() % 3 == 0) changed.resize(random() % (changed.size() + 1));
      LLVMFuzzerTestOneInput(changed.data(), changed.size());
    }
  }
  printf("%zu inputs, %zu changed ones\n", seeds.size(), runs);
  return 0;
}
