// The host as both ends of AXI4-Stream: it offers its bytes and takes the board's, and rests in some cycles.
#pragma once

#include <cstdint>

#include "channel.h"
#include "line.h"

class AxiStream {
  public:
    AxiStream(Channel& channel, const LineSettings& settings) : channel_(channel), rests_(settings.pause_rate) {}

    // Whether a byte waits for its turn or passes.
    bool busy() const { return !channel_.empty() || offered_ || heard_; }

    // The board's pins while nothing is exchanged.
    template <typename Top> void rest(Top& top) const { top.s_axis_tvalid = top.m_axis_tready = 0; }

    // One cycle at the board's pins: what passed at the clock's edge is done with, and the next is offered.
    template <typename Top> void tick(uint64_t, Top& top) {
        if (offered_ && taken_) offered_ = false;
        if (heard_) channel_.give(byte_);
        if (!offered_ && !channel_.empty() && !rests_()) {
            // From now on it stays until it is taken.
            offered_ = true;
            top.s_axis_tdata = channel_.take();
        }
        top.s_axis_tvalid = offered_;
        top.m_axis_tready = !rests_();
        // Both sides may depend on the pins in this cycle, so these are looked at when they have settled.
        top.eval();
        taken_ = top.s_axis_tready;
        heard_ = top.m_axis_tvalid && top.m_axis_tready;
        byte_ = top.m_axis_tdata;
    }

  private:
    Channel& channel_;
    Pauses rests_;
    bool offered_ = false, taken_ = false, heard_ = false;
    uint8_t byte_ = 0;
};
