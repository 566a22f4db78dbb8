// Puts one script of requests to a board over AXI4-Stream, once for each mutant, and tells whose answers differ from those
// of the design without a change.
//
// link_mutants FLASH CLOCK_HZ SCRIPT ANSWERS SECONDS NUMBER...
//
// FLASH is a file with the contents of the flash, of which every mutant gets a copy. SCRIPT is a file of steps. A step is
// the number of frames that are to come back, the cycles after which they count as lost, the number of bytes to send, all
// of 4 bytes, and these bytes. With REST in place of the number of frames, the step waits until the board is at rest.
// An answer is 1 where it came in time and otherwise 0, the number of bytes that came, both of 4 bytes, and these. If the
// file ANSWERS is missing, the first NUMBER writes it. A line is written for each number: the number, what became of it,
// and the step. SECONDS is the processor time for one number.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "System.h"
#include "flash.h"
#include "verilated.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr int RESET_CYCLES = 8;
constexpr uint32_t REST = UINT32_MAX;
constexpr uint32_t REST_CYCLES = 1'000;  // without work, until a board counts as at rest
constexpr uint8_t WIRES = BOARD_FLASH_LINES == 4 ? 0b1111 : 0b11;  // the data lines of the flash
constexpr uint64_t PROGRAM_CYCLES = 500, ERASE_CYCLES = 2'000, WAKE_CYCLES = 36;

enum Outcome { SAME, DIFFERS, SILENT, RULE, CHECK };
const char* const OUTCOMES[] = {"same", "differs", "silent", "rule", "check"};

template <typename Bits> bool any(const Bits& bits) { return bits != 0; }

template <std::size_t WORDS> bool any(const VlWide<WORDS>& bits) {
    for (std::size_t word = 0; word < WORDS; ++word)
        if (bits[word]) return true;
    return false;
}

class Board {
  public:
    Board(const std::string& flash, double clock_hz, uint32_t mutant)
        : flash_(flash, {PROGRAM_CYCLES, ERASE_CYCLES, WAKE_CYCLES, clock_hz}, FLASH_PARTS[0]) {
        top_.mutant = mutant;
        top_.flash_dq_in = WIRES;
        top_.s_axis_tvalid = 0;
        top_.m_axis_tready = 1;
        top_.rst = 1;
        for (int k = 0; k < RESET_CYCLES; ++k) edge();
        top_.rst = 0;
    }
    ~Board() { top_.final(); }

    bool rule_broken() const { return flash_.broken() != 0; }
    bool check_violated() const { return any(top_.violations); }

    // Sends, and listens until `frames` have ended. Whether they came in time.
    bool exchange(const Bytes& sent, uint32_t frames, uint32_t limit, Bytes& heard) {
        size_t next = 0;
        uint32_t waited = 0, ended = 0;
        bool inside = false;
        while (ended < frames || next < sent.size()) {
            if (waited == limit) return false;
            top_.s_axis_tvalid = next < sent.size();
            if (top_.s_axis_tvalid) top_.s_axis_tdata = sent[next];
            // Every third byte that comes waits for a cycle.
            top_.m_axis_tready = ++cycle_ % 3 != 0;
            top_.clk = 0;
            top_.eval();
            const bool taken = top_.s_axis_tvalid && top_.s_axis_tready, given = top_.m_axis_tvalid && top_.m_axis_tready;
            const uint8_t byte = top_.m_axis_tdata;
            edge();
            ++waited;
            if (taken) ++next, waited = 0;
            if (!given) continue;
            heard.push_back(byte);
            if (!byte && inside) ++ended;
            inside = byte != 0;
        }
        top_.s_axis_tvalid = 0;
        return true;
    }

    // Waits until neither a sample nor the flash is at work. Whether that came in time.
    bool rest(uint32_t limit) {
        uint32_t quiet = 0;
        top_.s_axis_tvalid = 0;
        for (uint32_t waited = 0; quiet < REST_CYCLES; ++waited) {
            if (waited == limit) return false;
            edge();
            quiet = top_.working || top_.flash_select || flash_.busy() ? 0 : quiet + 1;
        }
        return true;
    }

  private:
    VerilatedContext context_;
    System top_{&context_};
    Flash flash_;
    uint32_t cycle_ = 0;

    void edge() {
        top_.clk = 0;
        top_.eval();
        top_.clk = 1;
        top_.eval();
        top_.flash_dq_in = WIRES & flash_.tick(top_.flash_select, top_.flash_clock, top_.flash_dq_out, top_.flash_dq_enable);
    }
};

// Takes numbers and bytes from the content of a file.
class Reader {
  public:
    explicit Reader(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        content_.assign(std::istreambuf_iterator<char>(file), {});
    }

    bool more() const { return place_ < content_.size(); }

    uint32_t number() {
        uint32_t value = 0;
        for (int k = 0; k < 4; ++k) value |= static_cast<uint32_t>(content_.at(place_++)) << 8 * k;
        return value;
    }

    Bytes bytes() {
        const uint32_t count = number();
        place_ += count;
        return {content_.begin() + place_ - count, content_.begin() + place_};
    }

  private:
    Bytes content_;
    size_t place_ = 0;
};

void write(std::ofstream& file, bool came, const Bytes& heard) {
    const uint32_t head[] = {came, static_cast<uint32_t>(heard.size())};
    file.write(reinterpret_cast<const char*>(head), sizeof head);
    file.write(reinterpret_cast<const char*>(heard.data()), heard.size());
}

// Runs the script. `answers` are those that must come, or null where they are written to `record`. `step` is the step at
// which it ended.
Outcome run(Board& board, Reader script, Reader* answers, std::ofstream& record, int& step) {
    for (step = 0; script.more(); ++step) {
        const uint32_t frames = script.number(), limit = script.number();
        const Bytes sent = script.bytes();
        Bytes heard;
        const bool came = frames == REST ? board.rest(limit) : board.exchange(sent, frames, limit, heard);
        if (board.check_violated()) return CHECK;
        if (board.rule_broken()) return RULE;
        if (answers == nullptr) {
            write(record, came, heard);
            continue;
        }
        if (answers->number() != came) return SILENT;
        if (answers->bytes() != heard) return DIFFERS;
    }
    return SAME;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string flash = arguments[1], copy = flash + ".copy", answers = arguments[4];
    const double clock_hz = std::atof(arguments[2]);
    const Reader script(arguments[3]);
    for (int k = 6; k < count; ++k) {
        std::filesystem::copy_file(flash, copy, std::filesystem::copy_options::overwrite_existing);
        const pid_t child = fork();
        if (child == 0) {
            const rlimit time{std::strtoul(arguments[5], nullptr, 10), std::strtoul(arguments[5], nullptr, 10)};
            setrlimit(RLIMIT_CPU, &time);
            Board board(copy, clock_hz, std::strtoul(arguments[k], nullptr, 10));
            const bool known = std::filesystem::exists(answers);
            Reader expected(known ? answers : arguments[3]);
            std::ofstream record;
            if (!known) record.open(answers, std::ios::binary);
            int step = 0;
            const Outcome outcome = run(board, script, known ? &expected : nullptr, record, step);
            std::printf("%s %s %d\n", arguments[k], OUTCOMES[outcome], step);
            std::fflush(stdout);
            record.close();
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0) std::printf("%s ended %d\n", arguments[k], status);
        std::fflush(stdout);
    }
    return 0;
}
