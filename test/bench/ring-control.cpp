// The C++ control of the ring benchmark: the same algorithm as engine/ring/slot-ring-*.ts (claim up to
// a batch, fill, publish once; drain what is there, release once; cached peer position; positions on
// lines of their own), 64-byte records, capacity 4096, and a one-word ping-pong that says how far the
// two cores are apart. Prints one JSON object. Argument: records.
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

static const uint32_t capacity = 4096, drainMax = 512;
struct alignas(64) Record { double w[8]; };
struct Control {
  alignas(128) std::atomic<uint32_t> published{0};
  alignas(128) std::atomic<uint32_t> read{0};
  alignas(128) std::atomic<uint32_t> ready{0};
};

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}
static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Millions of records a second.
template <std::memory_order Store>
double throughput(Record *ring, uint32_t records, uint32_t batch) {
  Control control;
  double sum = 0;
  std::thread consumer([&] {
    pin(1);
    control.ready = 1;
    double s = 0;
    for (uint32_t read = 0; read < records;) {
      uint32_t published = control.published.load(std::memory_order_acquire);
      if (published == read) continue;
      uint32_t end = std::min(published - read, drainMax) + read;
      for (; read != end; read++) {
        const double *w = ring[read & (capacity - 1)].w;
        s += ((w[0] + w[1]) + (w[2] + w[3])) + ((w[4] + w[5]) + (w[6] + w[7]));
      }
      control.read.store(read, Store);
    }
    sum = s;
  });
  pin(0);
  while (!control.ready) {}
  double start = now();
  uint32_t readSeen = 0;
  for (uint32_t position = 0; position < records;) {
    uint32_t room = capacity - (position - readSeen);
    if (room < batch) {
      readSeen = control.read.load(std::memory_order_acquire);
      room = capacity - (position - readSeen);
      if (room == 0) continue;
    }
    uint32_t end = position + std::min({records - position, batch, room});
    for (; position != end; position++) {
      double *w = ring[position & (capacity - 1)].w;
      for (int k = 0; k < 8; k++) w[k] = position + k;
    }
    control.published.store(position, Store);
  }
  consumer.join();
  double seconds = now() - start;
  double n = records;
  if (sum != 8 * (n * (n - 1) / 2) + 28 * n) { puts("{\"error\":\"checksum\"}"); exit(1); }
  return records / seconds / 1e6;
}

// One way in ns: half a round trip of one word between two cores.
double probe() {
  const uint32_t trips = 100000;
  Control control;
  std::thread echo([&] {
    pin(1);
    for (uint32_t i = 1; i <= trips; i++) {
      while (control.published.load(std::memory_order_acquire) != i) {}
      control.read.store(i, std::memory_order_release);
    }
  });
  pin(0);
  double start = 0;
  for (uint32_t i = 1; i <= trips; i++) {
    if (i == 1000) start = now();
    control.published.store(i, std::memory_order_release);
    while (control.read.load(std::memory_order_acquire) != i) {}
  }
  double seconds = now() - start;
  echo.join();
  return seconds * 1e9 / (trips - 1000) / 2;
}

int main(int count, char **values) {
  uint32_t records = count > 1 ? atoi(values[1]) : 5000000;
  Record *ring = (Record *)aligned_alloc(128, capacity * sizeof(Record));
  memset((void *)ring, 0, capacity * sizeof(Record));
  throughput<std::memory_order_release>(ring, records / 4, 128);
  double ns = probe();
  double release = throughput<std::memory_order_release>(ring, records, 128);
  double batch32 = throughput<std::memory_order_release>(ring, records, 32);
  double each = throughput<std::memory_order_release>(ring, records / 4, 1);
  printf("{\"probeNs\":%.1f,\"batch128\":%.2f,\"batch32\":%.2f,\"each\":%.2f}\n", ns, release, batch32, each);
}
