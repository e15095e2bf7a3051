// The C++ control of the book benchmark: the same algorithm as engine/book (window of 1024 ticks
// a side, two-level bitmap, sizes as doubles, packed top word and seqlock record), -O3.
// usage: book-control STREAM UPDATES ROUNDS PUBLISH_EVERY ; prints ns per update of each round.
// The stream is UPDATES times {double price, double size, double side}.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_map>
#include <vector>

struct Side {
  double sign, base = 0;
  bool placed = false;
  double sizes[1024] = {};
  uint32_t words[32] = {}, summary = 0;
  int best = -1;
  long moves = 0;
  std::unordered_map<int64_t, double> far;

  void occupy(int at) {
    words[at >> 5] |= 1u << (at & 31);
    summary |= 1u << (at >> 5);
    if (at > best) best = at;
  }
  void move(double price) {
    for (int at = 0; at < 1024; at++)
      if (sizes[at] > 0) far[(int64_t)((base + at) * sign)] = sizes[at];
    memset(sizes, 0, sizeof sizes);
    memset(words, 0, sizeof words);
    summary = 0;
    best = -1;
    base = price * sign - 768;
    placed = true;
    moves++;
    for (auto it = far.begin(); it != far.end();) {
      double index = it->first * sign - base;
      if (index >= 0) {
        sizes[(int)index] = it->second;
        occupy((int)index);
        it = far.erase(it);
      } else ++it;
    }
  }
  __attribute__((noinline)) void outside(double price, double size) {
    bool better = !placed || best < 0 || price * sign > base;
    if (size == 0) {
      if (!better) far.erase((int64_t)price);
      return;
    }
    if (better) {
      move(price);
      set(price, size);
    } else far[(int64_t)price] = size;
  }
  void set(double price, double size) {
    double index = price * sign - base;
    if (!placed || !(index >= 0 && index < 1024)) return outside(price, size);
    int at = (int)index;
    double before = sizes[at];
    sizes[at] = size;
    if (size > 0) {
      if (before == 0) occupy(at);
    } else if (before != 0) {
      uint32_t left = words[at >> 5] &= ~(1u << (at & 31));
      if (!left) summary &= ~(1u << (at >> 5));
      if (at == best) {
        if (!summary) {
          best = -1;
          if (!far.empty()) {
            double found = far.begin()->first;
            for (auto &level : far)
              if ((level.first - found) * sign > 0) found = level.first;
            move(found);
          }
        } else {
          int top = 31 - __builtin_clz(summary);
          best = top * 32 + 31 - __builtin_clz(words[top]);
        }
      }
    }
  }
};

struct Book {
  Side bids{1}, asks{-1};
  alignas(128) std::atomic<uint32_t> packed{0}, epoch{0};
  alignas(128) std::atomic<uint32_t> sequence{0};
  double record[7] = {};
  alignas(128) double bid = -1, ask = -1, bidSize = 0, askSize = 0;
  uint32_t shown = 0;

  void publish(double id) {
    double b = bids.best < 0 ? -1 : bids.base + bids.best, bs = bids.best < 0 ? 0 : bids.sizes[bids.best];
    double a = asks.best < 0 ? -1 : -(asks.base + asks.best), as = asks.best < 0 ? 0 : asks.sizes[asks.best];
    uint32_t e = (uint32_t)(bids.moves + asks.moves);
    if (b == bid && a == ask && bs == bidSize && as == askSize && e == shown) return;
    bid = b; ask = a; bidSize = bs; askSize = as; shown = e;
    uint32_t s = sequence.load(std::memory_order_relaxed);
    sequence.store(s + 1, std::memory_order_seq_cst);
    record[0] = b; record[1] = bs; record[2] = a; record[3] = as;
    record[4] = bids.base; record[5] = asks.base; record[6] = id;
    sequence.store(s + 2, std::memory_order_seq_cst);
    epoch.store(e, std::memory_order_seq_cst);
    packed.store((bids.best + 1) | (asks.best + 1) << 11 | (e & 1023) << 22, std::memory_order_seq_cst);
  }
};

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  size_t count = strtoull(argv[2], 0, 10);
  int rounds = atoi(argv[3]), every = atoi(argv[4]);
  std::vector<double> stream(count * 3);
  FILE *file = fopen(argv[1], "rb");
  if (!file || fread(stream.data(), 24, count, file) != count) return 1;
  auto book = new Book;
  for (int round = 0; round < rounds; round++) {
    auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < count; i++) {
      const double *update = &stream[i * 3];
      (update[2] == 0 ? book->bids : book->asks).set(update[0], update[1]);
      if ((i + 1) % every == 0) book->publish((double)i);
    }
    double ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
    printf("%.3f %.0f %.0f\n", ns / count, book->bid, book->ask);
  }
}
