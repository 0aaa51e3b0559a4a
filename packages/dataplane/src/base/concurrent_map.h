/**
 * Hash map for one writer (the control thread) and lock-free readers (workers inside an Epoch). Values are pointers whose
 * lifetime the caller manages with the same Epoch. Grows by publishing a copy of the buckets; a look-up is one chain walk.
 */
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/epoch.h"

namespace xfrmd {

template <class Key, class Value, class Hash = std::hash<Key>>
class ConcurrentMap {
 public:
  explicit ConcurrentMap(Epoch& epoch) : epoch_(epoch) { publish(std::make_unique<Table>(kFirstBuckets)); }

  /** Readers and writer. */
  Value* find(const Key& key) const {
    const Table& table = *current_.load(std::memory_order_acquire);
    for (const Node* node = table.bucket(Hash{}(key)).load(std::memory_order_acquire); node != nullptr;
         node = node->next.load(std::memory_order_acquire))
      if (node->key == key) return node->value.load(std::memory_order_acquire);
    return nullptr;
  }

  /** Writer only. Replaces the value of a key that is there; the old value is the caller's to retire. */
  void put(const Key& key, Value* value) {
    if (Node* node = find_node(key)) return node->value.store(value, std::memory_order_release);
    if (size_ >= owned_->buckets.size()) grow();
    owned_->link(key, value);
    size_ += 1;
  }

  /** Writer only. */
  void erase(const Key& key) {
    std::atomic<Node*>* link = &owned_->bucket(Hash{}(key));
    while (Node* node = link->load(std::memory_order_relaxed)) {
      if (node->key == key) {
        link->store(node->next.load(std::memory_order_relaxed), std::memory_order_release);
        epoch_.retire(std::unique_ptr<Node>(node));
        size_ -= 1;
        return;
      }
      link = &node->next;
    }
  }

  size_t size() const { return size_; }

 private:
  static constexpr size_t kFirstBuckets = 64;

  struct Node {
    Node(const Key& with, Value* first, Node* after) : key(with), value(first), next(after) {}
    const Key key;
    std::atomic<Value*> value;
    std::atomic<Node*> next;
  };

  struct Table {
    std::vector<std::atomic<Node*>> buckets;
    explicit Table(size_t count) : buckets(count) {}
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    ~Table() {
      for (auto& head : buckets)
        for (Node* node = head.load(std::memory_order_relaxed); node != nullptr;)
          delete std::exchange(node, node->next.load(std::memory_order_relaxed));
    }
    std::atomic<Node*>& bucket(size_t hash) { return buckets[hash & (buckets.size() - 1)]; }
    const std::atomic<Node*>& bucket(size_t hash) const { return buckets[hash & (buckets.size() - 1)]; }
    void link(const Key& key, Value* value) {
      auto& head = bucket(Hash{}(key));
      auto node = std::make_unique<Node>(key, value, head.load(std::memory_order_relaxed));
      head.store(node.release(), std::memory_order_release);
    }
  };

  Node* find_node(const Key& key) {
    for (Node* node = owned_->bucket(Hash{}(key)).load(std::memory_order_relaxed); node != nullptr;
         node = node->next.load(std::memory_order_relaxed))
      if (node->key == key) return node;
    return nullptr;
  }

  void grow() {
    auto bigger = std::make_unique<Table>(owned_->buckets.size() * 2);
    for (auto& head : owned_->buckets)
      for (Node* node = head.load(std::memory_order_relaxed); node != nullptr; node = node->next.load(std::memory_order_relaxed))
        bigger->link(node->key, node->value.load(std::memory_order_relaxed));
    publish(std::move(bigger));
  }

  void publish(std::unique_ptr<Table> table) {
    current_.store(table.get(), std::memory_order_release);
    epoch_.retire(std::exchange(owned_, std::move(table)));
  }

  Epoch& epoch_;
  std::unique_ptr<Table> owned_;
  std::atomic<const Table*> current_{nullptr};
  size_t size_ = 0;
};

}  // namespace xfrmd
