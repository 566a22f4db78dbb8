// SPI NOR flash (mode 0) of 16 MiB, its contents in a file: what was written when the power goes stays written.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <utility>

// How long things take, in cycles of the board's clock.
struct FlashTimes {
    uint64_t program, erase, wake;
};

class Flash {
  public:
    static constexpr uint32_t BYTES = 1u << 24, PAGE = 256;

    Flash(const std::string& path, FlashTimes times) : times_(times) {
        const int file = open(path.c_str(), O_RDWR);
        void* memory = file < 0 ? MAP_FAILED : mmap(nullptr, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), path);
        close(file);
        memory_ = static_cast<uint8_t*>(memory);
    }
    ~Flash() { munmap(memory_, BYTES); }
    Flash(const Flash&) = delete;
    Flash& operator=(const Flash&) = delete;

    bool busy() const { return left_ > 0; }

    // Cycles in which its clock ran since the last call: every edge stands for half a period, which is the shortest time
    // between two edges so far.
    uint64_t take_clocked_cycles() { return std::exchange(edges_, 0) * half_period_; }

    // One cycle: takes the levels of the pins (`select` is 1 while selected), gives that of the flash's output.
    bool tick(bool select, bool clock, bool input) {
        ++now_;
        if (busy()) work();
        if (select && !selected_) begin();
        if (!select && selected_) finish();
        if (select && selected_ && clock != clock_) {
            count_edge();
            clock ? rise(input) : fall();
        }
        selected_ = select;
        clock_ = clock;
        return output_ || !select;
    }

  private:
    enum Command : uint8_t {
        PROGRAM = 0x02,
        READ = 0x03,
        WRITE_DISABLE = 0x04,
        STATUS = 0x05,
        WRITE_ENABLE = 0x06,
        FAST_READ = 0x0B,
        ERASE_SECTOR = 0x20,
        IDENTITY = 0x9F,
        WAKE = 0xAB,
        SLEEP = 0xB9,
        ERASE_BLOCK = 0xD8,
    };
    static constexpr std::array<uint8_t, 3> JEDEC{0xEF, 0x40, 0x18};
    static constexpr uint32_t ADDRESS_END = 4;  // bytes of a command with an address

    const FlashTimes times_;
    uint8_t* memory_;
    uint64_t now_ = 0, awake_from_ = 0;
    bool asleep_ = true;  // as an iCE40 leaves it after its configuration
    bool write_enabled_ = false;

    // The pins, and what has come and goes since the flash was selected.
    bool selected_ = false, clock_ = false, output_ = true, deaf_ = false;
    uint64_t bits_ = 0;
    uint8_t in_ = 0, out_ = 0, command_ = 0;
    uint32_t address_ = 0;
    std::array<uint8_t, PAGE> page_{};

    // A program or an erase under way: bytes from `first_` on, `left_` of `size_` still to be written.
    bool erasing_ = false;
    uint32_t first_ = 0, size_ = 0, left_ = 0;
    uint64_t started_ = 0;

    // The edges of its clock.
    uint64_t edges_ = 0, last_edge_ = 0, half_period_ = UINT32_MAX;

    void count_edge() {
        half_period_ = std::min(half_period_, now_ - last_edge_);
        last_edge_ = now_;
        ++edges_;
    }

    void begin() {
        bits_ = 0;
        out_ = 0xFF;
        address_ = 0;
    }

    void rise(bool input) {
        in_ = in_ << 1 | input;
        if (++bits_ % 8 == 0) take(bits_ / 8, in_);
    }

    void fall() {
        output_ = out_ >> 7;
        out_ = out_ << 1 | 1;
    }

    // The byte number `count`, from 1, has arrived: what is to be sent during the next.
    void take(uint64_t count, uint8_t byte) {
        if (count == 1) hear(byte);
        out_ = 0xFF;
        if (deaf_) return;
        if (count > 1 && count <= ADDRESS_END) address_ = address_ << 8 | byte;
        if (command_ == STATUS) out_ = write_enabled_ << 1 | busy();
        if (command_ == IDENTITY && count <= JEDEC.size()) out_ = JEDEC[count - 1];
        if (command_ == READ && count >= ADDRESS_END) out_ = memory_[address_++ % BYTES];
        if (command_ == FAST_READ && count > ADDRESS_END) out_ = memory_[address_++ % BYTES];
        if (command_ == PROGRAM && count > ADDRESS_END) page_[(address_ + count - ADDRESS_END - 1) % PAGE] = byte;
    }

    void hear(uint8_t command) {
        command_ = command;
        deaf_ = now_ < awake_from_ || (asleep_ && command != WAKE) || (busy() && command != STATUS);
        if (command == PROGRAM && !deaf_) page_.fill(0xFF);
    }

    // Deselected: commands that change something take effect, if they ended with a whole byte.
    void finish() {
        if (deaf_ || bits_ == 0 || bits_ % 8) return;
        const uint64_t count = bits_ / 8;
        if (count == 1) {
            if (command_ == WRITE_ENABLE || command_ == WRITE_DISABLE) write_enabled_ = command_ == WRITE_ENABLE;
            if (command_ == SLEEP) asleep_ = true;
        }
        if (command_ == WAKE && asleep_) {
            asleep_ = false;
            awake_from_ = now_ + times_.wake;
        }
        if (!write_enabled_) return;
        if (command_ == PROGRAM && count > ADDRESS_END) start(false, PAGE);
        if (command_ == ERASE_SECTOR && count == ADDRESS_END) start(true, 4096);
        if (command_ == ERASE_BLOCK && count == ADDRESS_END) start(true, 65536);
    }

    void start(bool erasing, uint32_t size) {
        erasing_ = erasing;
        first_ = address_ / size * size;
        size_ = left_ = size;
        started_ = now_;
    }

    // Writes as many bytes as the time since the start allows.
    void work() {
        const uint64_t duration = erasing_ ? times_.erase : times_.program, elapsed = now_ - started_;
        const uint32_t done = elapsed >= duration ? size_ : static_cast<uint32_t>(size_ * elapsed / duration);
        for (uint32_t k = size_ - left_; k < done; ++k) {
            uint8_t& byte = memory_[first_ + k];
            byte = erasing_ ? 0xFF : byte & page_[k];
        }
        left_ = size_ - done;
        if (!busy()) write_enabled_ = false;
    }
};
