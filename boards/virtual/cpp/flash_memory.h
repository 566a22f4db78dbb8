// The cells of a flash, 16 MiB in a file: what was written when the power goes stays written.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

// How long things take, in cycles of the board's clock, and this clock.
struct FlashTimes {
    uint64_t program, erase, wake;
    double clock_hz;
};

class FlashMemory {
  public:
    static constexpr uint32_t BYTES = 1u << 24, PAGE = 256;
    using Page = std::array<uint8_t, PAGE>;

    FlashMemory(const std::string& path, const FlashTimes& times) : times_(times) {
        const int file = open(path.c_str(), O_RDWR);
        void* memory = file < 0 ? MAP_FAILED : mmap(nullptr, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), path);
        close(file);
        memory_ = static_cast<uint8_t*>(memory);
    }
    ~FlashMemory() { munmap(memory_, BYTES); }
    FlashMemory(const FlashMemory&) = delete;
    FlashMemory& operator=(const FlashMemory&) = delete;

    bool busy() const { return left_ > 0; }

    uint8_t read(uint32_t address) const { return memory_[address % BYTES]; }

    void program(uint32_t address, const Page& page, uint64_t now) {
        page_ = page;
        start(false, address, PAGE, now);
    }

    void erase(uint32_t address, uint32_t size, uint64_t now) { start(true, address, size, now); }

    // Writes as many bytes as the time since the start allows.
    void work(uint64_t now) {
        const uint64_t duration = erasing_ ? times_.erase : times_.program, elapsed = now - started_;
        const uint32_t done = elapsed >= duration ? size_ : static_cast<uint32_t>(size_ * elapsed / duration);
        for (uint32_t k = size_ - left_; k < done; ++k) {
            uint8_t& byte = memory_[first_ + k];
            byte = erasing_ ? 0xFF : byte & page_[k];
        }
        left_ = size_ - done;
    }

  private:
    const FlashTimes times_;
    uint8_t* memory_;
    Page page_{};

    // A program or an erase under way: bytes from `first_` on, `left_` of `size_` still to be written.
    bool erasing_ = false;
    uint32_t first_ = 0, size_ = 0, left_ = 0;
    uint64_t started_ = 0;

    void start(bool erasing, uint32_t address, uint32_t size, uint64_t now) {
        erasing_ = erasing;
        first_ = address % BYTES / size * size;
        size_ = left_ = size;
        started_ = now;
    }
};
