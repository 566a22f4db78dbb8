// The host as master of a Wishbone: it writes its bytes and asks for the board's in turn, and rests in some cycles.
#pragma once

#include <cstdint>

#include "channel.h"
#include "line.h"

class Wishbone {
  public:
    Wishbone(Channel& channel, const LineSettings& settings) : channel_(channel), rests_(settings.pause_rate) {}

    // Whether a byte waits for its turn, or the board had one when it was asked last.
    bool busy() const { return !channel_.empty() || writes_ || heard_; }

    // The board's pins while nothing is exchanged.
    template <typename Top> void rest(Top& top) const { top.wb_cyc = top.wb_stb = top.wb_we = 0; }

    // One cycle at the board's pins. A bus cycle lasts until it is acknowledged.
    template <typename Top> void tick(uint64_t, Top& top) {
        if (top.wb_cyc && !top.wb_ack) return;
        if (top.wb_cyc && !writes_) {
            heard_ = top.wb_dat_r & THERE;
            if (heard_) channel_.give(static_cast<uint8_t>(top.wb_dat_r));
        }
        const bool begins = !rests_();
        if (begins) {
            // After every write the board is asked once, so that it can always get rid of what it says.
            writes_ = !writes_ && !channel_.empty();
            if (writes_) top.wb_dat_w = channel_.take();
            top.wb_we = writes_;
        }
        top.wb_cyc = top.wb_stb = begins;
    }

  private:
    static constexpr uint32_t THERE = 1 << 8;  // in what is read: a byte was there

    Channel& channel_;
    Pauses rests_;
    bool writes_ = false, heard_ = false;
};
