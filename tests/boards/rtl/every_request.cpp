// Puts requests to a board over AXI4-Stream, one script after the other, and counts the cycles until the replies are out.
//
// every_request FLASH PROGRAM ERASE WAKE CLOCK_HZ < scripts > answers
//
// A script is the number of frames that are to come back, the cycles after which they count as lost, the number of bytes
// to send, all of 4 bytes, and these bytes. An answer is the cycles from the last byte taken to the last one given, or
// 2^32 - 1 where the frames did not come, the number of bytes that came, and these.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "System.h"
#include "flash.h"
#include "verilated.h"

namespace {

constexpr int RESET_CYCLES = 8;
constexpr uint8_t WIRES = BOARD_FLASH_LINES == 4 ? 0b1111 : 0b11;  // the data lines of the flash

class Board {
  public:
    explicit Board(char** arguments)
        : flash_(arguments[0], {cycles(arguments[1]), cycles(arguments[2]), cycles(arguments[3]), std::atof(arguments[4])},
                 FLASH_PARTS[0]) {
        top_.flash_dq_in = WIRES;
        top_.s_axis_tvalid = 0;
        top_.m_axis_tready = 1;
        top_.rst = 1;
        for (int k = 0; k < RESET_CYCLES; ++k) edge();
        top_.rst = 0;
    }
    ~Board() { top_.final(); }

    // The rule of the flash that was broken, or 0.
    uint32_t broken() const { return flash_.broken(); }

    // Sends, and listens until `frames` have ended; the cycles from the last byte taken on.
    uint32_t exchange(const std::vector<uint8_t>& sent, uint32_t frames, uint32_t limit, std::vector<uint8_t>& heard) {
        size_t next = 0;
        uint64_t waited = 0;
        uint32_t ended = 0;
        bool inside = false;
        while (ended < frames || next < sent.size()) {
            if (waited == limit) return UINT32_MAX;
            top_.s_axis_tvalid = next < sent.size();
            if (top_.s_axis_tvalid) top_.s_axis_tdata = sent[next];
            top_.clk = 0;
            top_.eval();
            const bool taken = top_.s_axis_tvalid && top_.s_axis_tready, given = top_.m_axis_tvalid;
            const uint8_t byte = top_.m_axis_tdata;
            edge();
            ++waited;
            if (taken) ++next, waited = 0;
            if (!given) continue;
            heard.push_back(byte);
            if (!byte && inside) ++ended;
            inside = byte != 0;
        }
        return static_cast<uint32_t>(waited);
    }

  private:
    VerilatedContext context_;
    System top_{&context_};
    Flash flash_;

    static uint64_t cycles(const char* text) { return std::strtoull(text, nullptr, 10); }

    void edge() {
        top_.clk = 0;
        top_.eval();
        top_.clk = 1;
        top_.eval();
        top_.flash_dq_in = WIRES & flash_.tick(top_.flash_select, top_.flash_clock, top_.flash_dq_out, top_.flash_dq_enable);
    }
};

bool read_number(uint32_t& number) { return std::fread(&number, sizeof number, 1, stdin) == 1; }

void write_number(uint32_t number) { std::fwrite(&number, sizeof number, 1, stdout); }

}  // namespace

int main(int, char** arguments) {
    Board board(arguments + 1);
    uint32_t frames, limit, count;
    while (read_number(frames) && read_number(limit) && read_number(count)) {
        std::vector<uint8_t> sent(count), heard;
        if (std::fread(sent.data(), 1, count, stdin) != count) return 1;
        write_number(board.exchange(sent, frames, limit, heard));
        write_number(static_cast<uint32_t>(heard.size()));
        std::fwrite(heard.data(), 1, heard.size(), stdout);
    }
    if (board.broken()) std::fprintf(stderr, "rule of the flash and command: %x\n", board.broken());
    return board.broken() != 0;
}
