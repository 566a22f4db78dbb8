// The clocks of a virtual board: its generated top level, Verilated, with the line to the host and a flash at its pins.
//
// board LINE COUNTER CLOCK_HZ CORE_HZ BAUD PAUSES [FLASH PROGRAM ERASE WAKE PART]
//
// LINE is the descriptor of a stream socket; the board runs until its other end closes. COUNTER is the descriptor of a
// file of numbers of 8 bytes, which `Counters` describes. They go on from what they are at the start. BAUD is the rate
// of the UART, or of SPI's clock. CORE_HZ counts where the core has a clock of its own. PAUSES is how probable it is that the host rests in a cycle, on AXI4-Stream and
// Wishbone.
// BOARD_LINE says which of these the top has pins for. FLASH is the file with the flash's contents, the three after it are
// its times in cycles, PART is its number in `flash_part.h`; it takes part where the top has its pins.

#include <csignal>
#include <cstdlib>
#include <memory>
#include <sys/mman.h>
#include <system_error>
#include <utility>

#include "System.h"
#include "channel.h"
#include "core_clock.h"
#include "flash.h"
#include "spi.h"
#include "stream.h"
#include "uart.h"
#include "verilated.h"
#include "wishbone.h"

namespace {

using Line = BOARD_LINE;

#ifdef BOARD_HAS_FLASH
constexpr uint8_t FLASH_WIRES = BOARD_FLASH_LINES == 4 ? 0b1111 : 0b11;  // all of its data lines
// In `violated`, what the flash says of a broken rule lies above the numbers of checks.
constexpr uint64_t FLASH_RULES = 1ull << 32;
#endif

constexpr int RESET_CYCLES = 8;
constexpr int CYCLES_BETWEEN_EXCHANGES = 256;
constexpr uint64_t CYCLES_UNTIL_SLEEP = 2'000'000;  // with nothing to do

// The number of a cycle, and of the cycles before it in which the line carried a byte or had one waiting, and in which the
// clock of the flash ran.
struct Moment {
    uint64_t cycles, line, flash;
};

// What the file of counters holds. The host writes 0 to `first_sample.cycles` to have it set again.
struct Counters {
    Moment now;
    Moment first_sample, last_sample;  // a sample was at work: `cycles` exactly, the others within a few hundred cycles
    uint64_t violated;  // the number of the first violated check, from 1, or 0; a rule of the flash: see `FLASH_RULES`
};

#ifdef BOARD_HAS_CHECKS
// The number of the lowest bit that is set, from 1, or 0. Verilator has a class of its own for more than 64 bits.
template <typename Bits> uint64_t lowest_bit(Bits bits) { return __builtin_ffsll(bits); }

template <std::size_t WORDS> uint64_t lowest_bit(const VlWide<WORDS>& bits) {
    for (std::size_t word = 0; word < WORDS; ++word)
        if (bits[word]) return VL_EDATASIZE * word + __builtin_ffs(bits[word]);
    return 0;
}
#endif

class Board {
  public:
    Board(Channel& channel, volatile Counters& counters, char** arguments)
        : counters_(counters), core_clock_(std::atof(arguments[1]) / std::atof(arguments[0])),
          line_(channel, {std::atof(arguments[0]) / std::atof(arguments[2]), std::atof(arguments[3])}) {
#ifdef BOARD_HAS_FLASH
        const auto cycles = [&](int k) { return std::strtoull(arguments[k], nullptr, 10); };
        const FlashTimes times{cycles(5), cycles(6), cycles(7), std::atof(arguments[0])};
        flash_ = std::make_unique<Flash>(arguments[4], times, FLASH_PARTS[cycles(8)]);
        top_.flash_dq_in = FLASH_WIRES;
#endif
        now_ = last_work_ = counters.now.cycles;
        line_.rest(top_);
        top_.rst = 1;
        for (int k = 0; k < RESET_CYCLES; ++k) clock();
        top_.rst = 0;
    }
    ~Board() { top_.final(); }

    void run(int cycles) {
        uint64_t first_sample = 0, last_sample = 0;
        for (int k = 0; k < cycles; ++k) {
            clock();
            line_.tick(now_, top_);
            const bool line_at_work = line_.busy();
            line_cycles_ += line_at_work;
            bool at_work = top_.working || line_at_work;
#ifdef BOARD_HAS_FLASH
            const uint8_t levels = flash_->tick(top_.flash_select, top_.flash_clock, top_.flash_dq_out, top_.flash_dq_enable);
            top_.flash_dq_in = levels & FLASH_WIRES;
            at_work = at_work || top_.flash_select || flash_->busy();
#endif
            if (at_work) last_work_ = now_;
            if (top_.working) {
                if (!first_sample) first_sample = now_;
                last_sample = now_;
            }
        }
#ifdef BOARD_HAS_FLASH
        if (!counters_.violated && flash_->broken()) counters_.violated = FLASH_RULES + flash_->broken();
#endif
#ifdef BOARD_HAS_CHECKS
        if (!counters_.violated) counters_.violated = lowest_bit(top_.violations);
#endif
        count(first_sample, last_sample);
    }

    bool idle() const { return now_ - last_work_ > CYCLES_UNTIL_SLEEP; }

  private:
    VerilatedContext context_;
    System top_{&context_};
    volatile Counters& counters_;
    uint64_t now_, last_work_, line_cycles_ = 0;
    CoreClock core_clock_;
    Line line_;
#ifdef BOARD_HAS_FLASH
    std::unique_ptr<Flash> flash_;
#endif

    // Moments of volatile memory, which has no assignment of its own.
    static void store(volatile Moment& target, Moment moment) {
        target.line = moment.line;
        target.flash = moment.flash;
        target.cycles = moment.cycles;
    }

    // What ran since the last call; a sample was at work from `first_sample` to `last_sample`, which are 0 where none was.
    void count(uint64_t first_sample, uint64_t last_sample) {
        Moment moment{first_sample, counters_.now.line, counters_.now.flash};
        if (first_sample && !counters_.first_sample.cycles) store(counters_.first_sample, moment);
        moment.line += std::exchange(line_cycles_, 0);
#ifdef BOARD_HAS_FLASH
        moment.flash += flash_->take_clocked_cycles();
#endif
        moment.cycles = last_sample;
        if (last_sample) store(counters_.last_sample, moment);
        moment.cycles = now_;
        store(counters_.now, moment);
    }

    // Inputs change while the clock is low; outputs are looked at after it rose.
    void clock() {
        for (const int level : {0, 1}) {
#ifdef BOARD_HAS_CORE_CLOCK
            core_clock_.run_half([this](int core_level) {
                top_.core_clk = core_level;
                top_.eval();
            });
#endif
            top_.clk = level;
            top_.eval();
        }
        ++now_;
    }
};

volatile Counters& map_counters(int file) {
    void* memory = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "cycle counters");
    return *static_cast<volatile Counters*>(memory);
}

}  // namespace

int main(int, char** arguments) {
    std::signal(SIGPIPE, SIG_IGN);
    Channel channel(std::atoi(arguments[1]));
    Board board(channel, map_counters(std::atoi(arguments[2])), arguments + 3);
    while (!channel.closed()) {
        board.run(CYCLES_BETWEEN_EXCHANGES);
        channel.exchange();
        if (board.idle() && channel.empty()) channel.sleep();
    }
    return 0;
}
