// The host's end of the serial line: 8 bits, no parity, one stop bit, at the true rate, however the board rounds it.
#pragma once

#include <cmath>
#include <cstdint>

#include "channel.h"
#include "line.h"

class Uart {
  public:
    // A bit's length need not be whole.
    Uart(Channel& channel, const LineSettings& settings) : channel_(channel), bit_cycles_(settings.bit_cycles) {}

    // Whether a byte is on its way to the board or from it, or waits for its turn.
    bool busy() const { return sending_ || receiving_ || !channel_.empty(); }

    // The board's pins while nothing is sent.
    template <typename Top> void rest(Top& top) const { top.rx = 1; }

    // One cycle at the board's pins.
    template <typename Top> void tick(uint64_t now, Top& top) {
        receive(now, top.tx);
        top.rx = send(now);
    }

  protected:
    void receive(uint64_t now, bool level) {
        if (!receiving_) {
            if (level) return;
            receiving_ = true;
            receive_start_ = now;
            received_ = 0;
            expect();
        } else if (now >= middle_) {
            take_bit(level);
        }
    }

  private:
    static constexpr int DATA_BITS = 8, FRAME_BITS = 10;

    Channel& channel_;
    const double bit_cycles_;

    // To the board: the frame's bits, the lowest first; how many have begun; when the frame began, when the one before
    // it ended; the next edge.
    bool sending_ = false, level_ = true;
    unsigned frame_ = 0;
    int sent_ = 0;
    double send_start_ = 0, send_end_ = 0;
    uint64_t edge_ = 0;

    // From the board: the bits so far; how many; the cycle in the middle of the next.
    bool receiving_ = false;
    unsigned byte_ = 0;
    int received_ = 0;
    uint64_t receive_start_ = 0, middle_ = 0;

    bool send(uint64_t now) {
        if (sending_ && now >= edge_) next_bit();
        if (!sending_ && !channel_.empty()) {
            // A byte right behind another begins where that one ended, to a fraction of a cycle: the rate is true.
            send_start_ = send_end_ > now - 1.0 ? send_end_ : now;
            frame_ = 1u << (DATA_BITS + 1) | channel_.take() << 1;
            sent_ = 0;
            sending_ = true;
            next_bit();
        }
        return level_;
    }

    void next_bit() {
        if (sent_ == FRAME_BITS) {
            send_end_ = send_start_ + FRAME_BITS * bit_cycles_;
            sending_ = false;
            return;
        }
        level_ = frame_ >> sent_ & 1;
        edge_ = std::llround(send_start_ + ++sent_ * bit_cycles_);
    }

    void take_bit(bool level) {
        const int bit = received_++;
        if (bit == 0) {
            receiving_ = !level;  // a glitch is no start bit
        } else if (bit <= DATA_BITS) {
            byte_ = byte_ >> 1 | level << (DATA_BITS - 1);
        } else {
            if (level) channel_.give(byte_);  // without its stop bit a byte is lost, as on any adapter
            receiving_ = false;
        }
        expect();
    }

    void expect() { middle_ = receive_start_ + std::llround((received_ + 0.5) * bit_cycles_); }
};

// The end of a line on which only the board sends.
class ProgressLine : public Uart {
  public:
    using Uart::Uart;

    template <typename Top> void rest(Top&) const {}

    template <typename Top> void tick(uint64_t now, Top& top) { receive(now, top.tx); }
};
