// The host as SPI master, mode 0, the highest bit first: it exchanges bytes all the time, zeros where it has none.
#pragma once

#include <cmath>
#include <cstdint>

#include "channel.h"
#include "line.h"

class Spi {
  public:
    Spi(Channel& channel, const LineSettings& settings)
        : channel_(channel), half_(std::llround(settings.bit_cycles / 2)) {}

    // Whether a byte that means something is on its way to the board or from it, or waits for its turn.
    bool busy() const { return !channel_.empty() || (bits_ > 0 && (sent_ || heard_)); }

    // The board's pins while nothing is exchanged.
    template <typename Top> void rest(Top& top) const { top.spi_select = top.spi_clock = top.spi_in = 0; }

    // One cycle at the board's pins. Something happens every half bit.
    template <typename Top> void tick(uint64_t now, Top& top) {
        if (now < next_) return;
        next_ = now + half_;
        if (!top.spi_select) {
            top.spi_select = 1;
            bytes_ = SELECTION_BYTES;
            begin(top);
        } else if (top.spi_clock) {
            fall(top);
        } else if (bits_ > 0) {
            rise(top);
        } else if (bytes_ > 0) {
            begin(top);
        } else {
            top.spi_select = 0;
        }
    }

  private:
    static constexpr int SELECTION_BYTES = 16, BYTE_BITS = 8;

    Channel& channel_;
    const uint64_t half_;
    uint64_t next_ = 0;

    // Bytes that have not begun in this selection, bits that have not passed of the byte that has, what is left of it to
    // go out and what has come in; the byte that began last, and the one that came last.
    int bytes_ = 0, bits_ = 0;
    uint8_t out_ = 0, in_ = 0, sent_ = 0, heard_ = 0;

    // Begins the next byte, but for a zero in the middle of a frame whose next bytes are still to come from the host.
    template <typename Top> void begin(Top& top) {
        if (sent_ && channel_.empty()) return;
        sent_ = out_ = channel_.empty() ? 0 : channel_.take();
        --bytes_;
        bits_ = BYTE_BITS;
        top.spi_in = out_ >> (BYTE_BITS - 1);
    }

    template <typename Top> void rise(Top& top) {
        top.spi_clock = 1;
        in_ = in_ << 1 | top.spi_out;
        if (--bits_ == 0) hear(in_);
    }

    template <typename Top> void fall(Top& top) {
        top.spi_clock = 0;
        out_ <<= 1;
        top.spi_in = out_ >> (BYTE_BITS - 1);
        if (bits_ == 0 && bytes_ > 0) begin(top);
    }

    // Of zeros in a row the host needs one, the end of a frame.
    void hear(uint8_t byte) {
        if (byte || heard_) channel_.give(byte);
        heard_ = byte;
    }
};
