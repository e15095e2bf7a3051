// The C++ control of the book benchmark: the same algorithm as engine/book (window of 1024 ticks
// a side, two-level bitmap without branches on the data, sizes as doubles, packed top word and
// record ring), -O3. FORM `plain` is the same book as one would write it at first: branches, and
// the best kept at each update.
// usage: book-control STREAM UPDATES ROUNDS PUBLISH_EVERY FORM PARTS ; prints for each round a line
// with the ns per update of each of its PARTS, then the best prices.
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
  int best = -1, shown = -1, touched = -1;
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
    touched = -1;
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
    bool better = !placed || !summary || price * sign > base;
    if (size == 0) {
      if (!better) far.erase((int64_t)price);
      return;
    }
    if (better) {
      move(price);
      set(price, size);
    } else far[(int64_t)price] = size;
  }
  __attribute__((noinline)) void empty() {
    best = -1;
    if (far.empty()) return;
    double found = far.begin()->first;
    for (auto &level : far)
      if ((level.first - found) * sign > 0) found = level.first;
    move(found);
  }
  void find() {
    if (!summary) { best = -1; return; }
    int top = 31 - __builtin_clz(summary);
    best = top * 32 + 31 - __builtin_clz(words[top]);
  }
  void set(double price, double size) {
    double index = price * sign - base;
    if (!placed || !(index >= 0 && index < 1024)) return outside(price, size);
    int at = (int)index, word = at >> 5;
    touched |= shown - 1 - at;
    sizes[at] = size;
    uint32_t bits = (words[word] & ~(1u << (at & 31))) | ((uint32_t)(size > 0) << (at & 31));
    words[word] = bits;
    summary = (summary & ~(1u << word)) | ((uint32_t)(bits != 0) << word);
    if (!summary) empty();
  }
  void setPlain(double price, double size) {
    double index = price * sign - base;
    if (!placed || !(index >= 0 && index < 1024)) return outside(price, size);
    int at = (int)index;
    touched = -1;
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
  alignas(128) std::atomic<uint32_t> version{0};
  alignas(128) double records[4][16] = {};
  alignas(128) double bid = -1, ask = -1, bidSize = 0, askSize = 0;
  uint32_t shown = 0, receiveNs[2] = {};

  void publish(double id) {
    if ((bids.touched | asks.touched) >= 0) return;
    bids.find(); asks.find();
    bids.touched = asks.touched = 0;
    bids.shown = bids.best; asks.shown = asks.best;
    double b = bids.best < 0 ? -1 : bids.base + bids.best, bs = bids.best < 0 ? 0 : bids.sizes[bids.best];
    double a = asks.best < 0 ? -1 : -(asks.base + asks.best), as = asks.best < 0 ? 0 : asks.sizes[asks.best];
    uint32_t e = (uint32_t)(bids.moves + asks.moves);
    bool samePacked = b == bid && a == ask && e == shown;
    if (samePacked && bs == bidSize && as == askSize) return;
    bid = b; ask = a; bidSize = bs; askSize = as;
    uint32_t v = version.load(std::memory_order_relaxed) + 1;
    double *record = records[v & 3];
    record[0] = b; record[1] = bs; record[2] = a; record[3] = as;
    record[4] = bids.base; record[5] = asks.base; record[6] = id;
    uint32_t *words = (uint32_t *)&record[8];
    words[0] = receiveNs[0]; words[1] = receiveNs[1]; words[2] = (bids.best >= 0) | (asks.best >= 0) << 1;
    version.store(v, std::memory_order_seq_cst);
    if (samePacked) return;
    if (e != shown) epoch.store(shown = e, std::memory_order_seq_cst);
    packed.store((bids.best + 1) | (asks.best + 1) << 11 | (e & 1023) << 22, std::memory_order_seq_cst);
  }
};

template <bool plain> void run(Book *book, const double *stream, size_t count, int every) {
  Side *sides = &book->bids;
  for (size_t i = 0; i < count; i++) {
    const double *update = &stream[i * 3];
    Side &side = sides[(int)update[2]];
    if (plain) side.setPlain(update[0], update[1]);
    else side.set(update[0], update[1]);
    if ((i + 1) % every == 0) book->publish((double)i);
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  size_t count = strtoull(argv[2], 0, 10);
  int rounds = atoi(argv[3]), every = atoi(argv[4]);
  std::vector<double> stream(count * 3);
  FILE *file = fopen(argv[1], "rb");
  if (!file || fread(stream.data(), 24, count, file) != count) return 1;
  auto book = new Book;
  size_t part = count / atoi(argv[6]);
  for (int round = 0; round < rounds; round++) {
    for (size_t from = 0; from + part <= count; from += part) {
      const double *updates = stream.data() + from * 3;
      auto start = std::chrono::steady_clock::now();
      if (!strcmp(argv[5], "plain")) run<true>(book, updates, part, every);
      else run<false>(book, updates, part, every);
      auto end = std::chrono::steady_clock::now();
      printf("%.3f ", std::chrono::duration<double, std::nano>(end - start).count() / part);
    }
    printf("%.0f %.0f\n", book->bid, book->ask);
  }
}
