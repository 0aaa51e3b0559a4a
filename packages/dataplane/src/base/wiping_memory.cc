/**
 * Wipes every block of memory before it is given back. Keys pass through buffers that grow, messages that are answered and copies
 * that are queued; one rule for all of them leaves nothing to forget. Packets cost nothing by it: they live in buffers that stay.
 * Stack buffers and OpenSSL's memory are wiped by their owners.
 */
#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

namespace {

void* allocate(size_t size) {
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* allocate_aligned(size_t size, size_t alignment) {
  void* block = nullptr;
  if (::posix_memalign(&block, alignment, size == 0 ? 1 : size) != 0) throw std::bad_alloc();
  return block;
}

void wipe_and_free(void* block, size_t size) noexcept {
  if (block == nullptr) return;
  OPENSSL_cleanse(block, size);
  std::free(block);
}

}  // namespace

// All forms, because memory checkers want pairs.
void* operator new(size_t size) { return allocate(size); }
void* operator new[](size_t size) { return allocate(size); }
void operator delete(void* block) noexcept { wipe_and_free(block, ::malloc_usable_size(block)); }
void operator delete[](void* block) noexcept { wipe_and_free(block, ::malloc_usable_size(block)); }
void operator delete(void* block, size_t size) noexcept { wipe_and_free(block, size); }
void operator delete[](void* block, size_t size) noexcept { wipe_and_free(block, size); }
void* operator new(size_t size, std::align_val_t alignment) { return allocate_aligned(size, static_cast<size_t>(alignment)); }
void operator delete(void* block, std::align_val_t) noexcept { wipe_and_free(block, ::malloc_usable_size(block)); }
void operator delete(void* block, size_t size, std::align_val_t) noexcept { wipe_and_free(block, size); }
