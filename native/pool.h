// Threads that share the chunks of one piece of work at a time. They sleep in between: TensorFlow's own threads then
// have the cores to themselves.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace thaw {

class Pool {
 public:
  // Hands out [first, last) of 0…total, a chunk to whoever asks.
  class Chunks {
   public:
    Chunks(int64_t total, int64_t chunk) : total_(total), chunk_(chunk) {}
    bool next(int64_t& first, int64_t& last) {
      first = next_.fetch_add(chunk_);
      last = std::min(first + chunk_, total_);
      return first < total_;
    }

   private:
    std::atomic<int64_t> next_{0};
    const int64_t total_, chunk_;
  };

  // Never destroyed: its threads end with the process, whatever is unloaded before.
  static Pool& shared() {
    static Pool* pool = new Pool(std::max(1u, std::thread::hardware_concurrency()) - 1);
    return *pool;
  }

  // Calls `work` on this thread and, where there is enough of it, on the others; returns when all chunks are done.
  void run(int64_t total, int64_t chunk, const std::function<void(Chunks&)>& work) {
    Chunks chunks(total, chunk);
    if (workers_ == 0 || total <= chunk) return work(chunks);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = &work;
      chunks_ = &chunks;
      busy_ = workers_;
      round_++;
    }
    start_.notify_all();
    work(chunks);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return busy_ == 0; });
  }

 private:
  explicit Pool(unsigned workers) : workers_(workers) {
    for (unsigned i = 0; i < workers; i++) std::thread([this] { serve(); }).detach();
  }

  void serve() {
    uint64_t seen = 0;
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      start_.wait(lock, [&] { return round_ != seen; });
      seen = round_;
      const auto* work = work_;
      Chunks* chunks = chunks_;
      lock.unlock();
      (*work)(*chunks);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  const unsigned workers_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(Chunks&)>* work_ = nullptr;
  Chunks* chunks_ = nullptr;
  unsigned busy_ = 0;
  uint64_t round_ = 0;
};

}  // namespace thaw
