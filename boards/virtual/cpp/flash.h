// SPI NOR flash (mode 0) at the pins of a board. Its registers have their first values when the power comes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "flash_memory.h"
#include "flash_part.h"

class Flash {
  public:
    Flash(const std::string& path, FlashTimes times, const FlashPart& part)
        : times_(times), part_(part), memory_(path, times) {}

    bool busy() const { return memory_.busy() || now_ < status_until_; }

    // The first rule that was broken, and in the low byte the command at which; 0 for none.
    uint32_t broken() const { return broken_; }

    // Cycles in which its clock ran since the last call: every edge stands for half a period, which is the shortest time
    // between two edges so far.
    uint64_t take_clocked_cycles() { return std::exchange(edges_, 0) * half_period_; }

    // One cycle: takes the levels of the pins (`select` is 1 while selected) and which data lines the host drives, gives
    // the levels of all data lines. A line that nobody drives is pulled up.
    uint8_t tick(bool select, bool clock, uint8_t out, uint8_t enable) {
        ++now_;
        const uint8_t levels = out | ~enable;
        if (memory_.busy() && part_.fault != FlashFault::BUSY) work();
        if (select && !selected_) begin();
        if (!select && selected_) finish();
        if (select && selected_ && clock != clock_) {
            count_edge();
            clock ? rise(levels) : fall(enable);
        }
        selected_ = select;
        clock_ = clock;
        if (!select) driven_ = 0;
        if (driven_ & enable) break_rule(FlashRule::CONTENTION);
        if (select && !wide() && !(levels >> HOLD_LINE & 1)) break_rule(FlashRule::HOLD);
        if (select && !wide() && !(levels >> PROTECT_LINE & 1)) break_rule(FlashRule::PROTECT);
        if (part_.fault == FlashFault::GROUNDED) return levels & ~ANSWER;
        return part_.fault == FlashFault::ABSENT ? levels : (levels & ~driven_) | (output_ & driven_);
    }

  private:
    static constexpr uint64_t ADDRESS_END = 4;  // bytes of a command with an address
    static constexpr uint64_t OPCODE_CLOCKS = 8, QUAD_ADDRESS_CLOCKS = 6, MODE_CLOCKS = 2;
    static constexpr int PROTECT_LINE = 2, HOLD_LINE = 3, DUMMY_CLOCKS = 8;
    static constexpr uint8_t ANSWER = 2, OWN_BITS = 3;  // line 1; bits of the status that no host writes

    const FlashTimes times_;
    const FlashPart part_;
    FlashMemory memory_;
    uint64_t now_ = 0, awake_from_ = 0;
    bool asleep_ = true;  // as an iCE40 leaves it after its configuration
    bool write_enabled_ = false, volatile_enabled_ = false;
    uint8_t status_ = 0, status_2_ = 0;
    uint64_t status_until_ = 0;
    uint32_t broken_ = 0;

    // The pins, and what has come and goes since the flash was selected. Line 1 answers; it reads on 1, 2 or 4 lines.
    bool selected_ = false, clock_ = false, deaf_ = false;
    uint8_t output_ = 0, driven_ = 0;
    uint64_t clocks_ = 0;
    uint8_t in_ = 0, out_ = 0, command_ = 0, mode_ = 0;
    int out_bits_ = 0;
    uint32_t address_ = 0;
    FlashMemory::Page page_{};

    // The edges of its clock, the shortest period since it was selected, when it was released, for how long it must not be
    // selected then, and whether it was selected sooner.
    uint64_t edges_ = 0, last_edge_ = 0, half_period_ = UINT32_MAX;
    uint64_t last_rise_ = 0, period_ = UINT32_MAX, released_ = 0;
    double rest_ns_ = 0;
    bool soon_ = false;

    void break_rule(FlashRule rule) {
        const bool there = part_.fault != FlashFault::ABSENT && part_.fault != FlashFault::GROUNDED;
        if (there && !broken_) broken_ = static_cast<uint32_t>(rule) << 8 | command_;
    }

    bool quad() const {
        if (part_.quad_bit == QuadBit::NONE) return true;
        return part_.quad_bit == QuadBit::STATUS_BIT_6 ? status_ >> 6 & 1 : status_2_ >> 1 & 1;
    }

    // Whether WP and HOLD are data lines now. Without a bit for it, they are so in QUAD_READ alone.
    bool wide() const { return part_.quad_bit == QuadBit::NONE ? command_ == QUAD_READ : quad(); }

    bool reads() const { return command_ == READ || dummies(); }
    int dummies() const {
        if (command_ == QUAD_READ) return part_.quad_clocks();
        return command_ == FAST_READ || command_ == DUAL_READ ? DUMMY_CLOCKS : 0;
    }
    int lines() const { return command_ == DUAL_READ ? 2 : command_ == QUAD_READ ? 4 : 1; }
    uint64_t data_from() const {
        return (command_ == QUAD_READ ? OPCODE_CLOCKS + QUAD_ADDRESS_CLOCKS : 8 * ADDRESS_END) + dummies();
    }

    void count_edge() {
        half_period_ = std::min(half_period_, now_ - last_edge_);
        last_edge_ = now_;
        ++edges_;
    }

    void begin() {
        command_ = 0;
        soon_ = (now_ - released_) * 1e9 < rest_ns_ * times_.clock_hz;
        clocks_ = address_ = out_bits_ = 0;
        deaf_ = false;
        period_ = UINT32_MAX;
    }

    void rise(uint8_t levels) {
        if (clocks_) period_ = std::min(period_, now_ - last_rise_);
        last_rise_ = now_;
        in_ = in_ << 1 | (levels & 1);
        if (++clocks_ == OPCODE_CLOCKS) hear(in_);
        if (clocks_ >= 8 && times_.clock_hz > part_.hz(command_) * period_) break_rule(FlashRule::CLOCK);
        if (deaf_) return;
        if (command_ == QUAD_READ) take_digit(levels & 0xF);
        else if (clocks_ % 8 == 0) take(clocks_ / 8, in_);
    }

    // Four lines at a rise of the clock: the address, then the mode byte.
    void take_digit(uint8_t digit) {
        constexpr uint64_t address_end = OPCODE_CLOCKS + QUAD_ADDRESS_CLOCKS, mode_end = address_end + MODE_CLOCKS;
        if (clocks_ > OPCODE_CLOCKS && clocks_ <= address_end) address_ = address_ << 4 | digit;
        if (clocks_ > address_end && clocks_ <= mode_end) mode_ = mode_ << 4 | digit;
        if (clocks_ == mode_end && part_.continues(mode_)) break_rule(FlashRule::MODE);
    }

    // Behind the last bit of an opcode, or of the clocks before the data, the part drives its lines.
    void fall(uint8_t enable) {
        if (deaf_) return;
        const uint8_t used = lines() == 1 ? ANSWER : (1 << lines()) - 1;
        if (dummies() && clocks_ + 1 == data_from() && (used & enable)) break_rule(FlashRule::DUMMY);
        if (reads() && clocks_ >= data_from() && !out_bits_) answer(memory_.read(address_++));
        if (!out_bits_) return;
        driven_ = used;
        output_ = lines() == 1 ? out_ >> 7 << 1 : out_ >> (8 - lines());
        out_ <<= lines();
        out_bits_ -= lines();
    }

    void answer(uint8_t byte) {
        out_ = byte;
        out_bits_ = 8;
    }

    // The byte number `count`, from 1, has arrived.
    void take(uint64_t count, uint8_t byte) {
        if (count > 1 && count <= ADDRESS_END) address_ = address_ << 8 | byte;
        if (command_ == STATUS) answer(status_ | write_enabled_ << 1 | busy());
        if (command_ == STATUS_2) answer(status_2_);
        if (command_ == IDENTITY && count <= part_.identity.size()) answer(part_.identity[count - 1]);
        if (command_ == PROGRAM && count > ADDRESS_END) page_[(address_ + count - ADDRESS_END - 1) % page_.size()] = byte;
    }

    void hear(uint8_t command) {
        command_ = command;
        if (soon_) break_rule(FlashRule::REST);
        const bool waking = now_ < awake_from_, blocked = busy() && command != STATUS;
        // A board that was reset does not know whether the flash sleeps or works: to wake it is no mistake.
        if (waking && command != WAKE) break_rule(FlashRule::WAKING);
        if (blocked && command != WAKE) break_rule(FlashRule::BUSY);
        if (!part_.knows(command)) break_rule(FlashRule::UNKNOWN);
        deaf_ = waking || blocked || !part_.knows(command) || (asleep_ && command != WAKE);
        if (deaf_) return;
        if (command == QUAD_READ && !quad()) break_rule(FlashRule::QUAD);
        if (command == PROGRAM) page_.fill(0xFF);
    }

    // Deselected: commands that change something take effect, if they ended with a whole byte.
    void finish() {
        released_ = now_;
        rest_ns_ = reads() ? part_.read_rest_ns : part_.rest_ns;
        if (deaf_ || clocks_ == 0 || clocks_ % 8) return;
        const uint64_t count = clocks_ / 8;
        if (count == 1) {
            if (command_ == WRITE_ENABLE || command_ == WRITE_DISABLE) write_enabled_ = command_ == WRITE_ENABLE;
            if (command_ == VOLATILE_ENABLE) volatile_enabled_ = true;
            if (command_ == SLEEP) asleep_ = true;
        }
        if (command_ == WAKE && asleep_) {
            asleep_ = false;
            awake_from_ = now_ + times_.wake;
        }
        if (command_ == WRITE_STATUS || command_ == WRITE_STATUS_2) return write_status(count);
        const bool programs = command_ == PROGRAM && count > ADDRESS_END;
        if (!programs && ((command_ != ERASE_SECTOR && command_ != ERASE_BLOCK) || count != ADDRESS_END)) return;
        if (!write_enabled_) return break_rule(FlashRule::ENABLE);
        if (!programs) return memory_.erase(address_, command_ == ERASE_SECTOR ? 4096 : 65536, now_);
        if (address_ % page_.size() + count - ADDRESS_END > page_.size()) break_rule(FlashRule::PAGE);
        memory_.program(address_, page_, now_);
    }

    // One byte, to the register of the command.
    void write_status(uint64_t count) {
        const bool allowed = write_enabled_ || volatile_enabled_;
        if (!allowed) break_rule(FlashRule::ENABLE);
        if (write_enabled_ && part_.volatile_status) break_rule(FlashRule::STAYS);
        if (!allowed || count != 2) return;
        if (command_ == WRITE_STATUS) status_ = in_ & ~OWN_BITS;
        else if (part_.fault != FlashFault::NO_QUAD) status_2_ = in_;
        if (write_enabled_) status_until_ = now_ + times_.program;
        write_enabled_ = volatile_enabled_ = false;
    }

    void work() {
        memory_.work(now_);
        if (!memory_.busy()) write_enabled_ = false;
    }
};
