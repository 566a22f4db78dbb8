// The parts that a virtual board may have as its flash, and how its host uses them wrongly.
//
// Sources: the data sheets W25Q128JV (Winbond), IS25LP128 and IS25LP128F (ISSI), MX25L12835F (Macronix), GD25Q128E
// (GigaDevice) and N25Q128A (Micron).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

enum FlashCommand : uint8_t {
    WRITE_STATUS = 0x01,
    PROGRAM = 0x02,
    READ = 0x03,
    WRITE_DISABLE = 0x04,
    STATUS = 0x05,
    WRITE_ENABLE = 0x06,
    FAST_READ = 0x0B,
    ERASE_SECTOR = 0x20,
    WRITE_STATUS_2 = 0x31,
    STATUS_2 = 0x35,
    DUAL_READ = 0x3B,
    VOLATILE_ENABLE = 0x50,
    IDENTITY = 0x9F,
    WAKE = 0xAB,
    SLEEP = 0xB9,
    ERASE_BLOCK = 0xD8,
    QUAD_READ = 0xEB,
};

// The rules that a host keeps, in the order in which `simulation.py` has their texts. The first one is broken by none.
enum class FlashRule : uint8_t {
    NONE, CLOCK, REST, DUMMY, BUSY, ENABLE, PAGE, CONTENTION, WAKING, HOLD, QUAD, UNKNOWN, STAYS, MODE, PROTECT
};

// Where the bit is that turns WP and HOLD into data lines; Micron's parts need none.
enum class QuadBit { NONE, STATUS_BIT_6, STATUS_2_BIT_1 };

// The mode byte of QUAD_READ after which the next command has no opcode: bits 5 and 4 are 1 and 0; the first digit is 0xA;
// the digits differ in all bits. Micron's parts have no such byte.
enum class ModeBits { ONE_ZERO, DIGIT_A, TOGGLED, NONE };

// What may be wrong with a part: it is not there, and its line floats or lies at ground; it stays busy once it is; its
// quad-enable bit does not set.
enum class FlashFault { NONE, ABSENT, GROUNDED, BUSY, NO_QUAD };

struct FlashPart {
    std::array<uint8_t, 3> identity;
    QuadBit quad_bit;
    ModeBits mode_bits;
    bool volatile_status;          // whether VOLATILE_ENABLE lets the status be written
    double read_mhz, lines_mhz;    // the fastest clock of READ, and of every other command
    double rest_ns, read_rest_ns;  // the shortest time after a command, and after a read
    FlashFault fault = FlashFault::NONE;

    // The fastest clock of a command.
    double hz(uint8_t command) const { return 1e6 * (command == READ ? read_mhz : lines_mhz); }

    // Clocks from the address of QUAD_READ to the data, with the mode byte where there is one.
    int quad_clocks() const { return mode_bits == ModeBits::NONE ? 10 : 6; }

    // Whether the mode byte makes the part leave out the next opcode.
    bool continues(uint8_t mode) const {
        switch (mode_bits) {
            case ModeBits::ONE_ZERO: return (mode >> 4 & 3) == 2;
            case ModeBits::DIGIT_A: return mode >> 4 == 0xA;
            case ModeBits::TOGGLED: return (mode >> 4 ^ (mode & 0xF)) == 0xF;
            default: return false;
        }
    }

    // Whether a part of this maker knows the command. To ISSI and Macronix, STATUS_2 means to begin QPI.
    bool knows(uint8_t command) const {
        switch (command) {
            case STATUS_2:
            case WRITE_STATUS_2: return quad_bit == QuadBit::STATUS_2_BIT_1;
            case VOLATILE_ENABLE: return volatile_status;
            case WRITE_STATUS: case PROGRAM: case READ: case WRITE_DISABLE: case STATUS: case WRITE_ENABLE:
            case FAST_READ: case ERASE_SECTOR: case DUAL_READ: case QUAD_READ: case IDENTITY: case WAKE: case SLEEP:
            case ERASE_BLOCK: return true;
            default: return false;
        }
    }
};

// In the order of `simulation.py`.
inline const FlashPart FLASH_PARTS[] = {
    {{0xEF, 0x40, 0x18}, QuadBit::STATUS_2_BIT_1, ModeBits::ONE_ZERO, true, 50, 104, 50, 10},  // Winbond
    {{0x9D, 0x60, 0x18}, QuadBit::STATUS_BIT_6, ModeBits::DIGIT_A, true, 50, 133, 10, 10},     // ISSI
    {{0xC2, 0x20, 0x18}, QuadBit::STATUS_BIT_6, ModeBits::TOGGLED, false, 50, 84, 50, 15},     // Macronix
    {{0xC8, 0x40, 0x18}, QuadBit::STATUS_2_BIT_1, ModeBits::ONE_ZERO, true, 80, 120, 50, 20},  // GigaDevice
    {{0x20, 0xBA, 0x18}, QuadBit::NONE, ModeBits::NONE, false, 54, 108, 50, 20},               // Micron
    {{0xFF, 0xFF, 0xFF}, QuadBit::NONE, ModeBits::NONE, false, 50, 104, 50, 10, FlashFault::ABSENT},
    {{0x00, 0x00, 0x00}, QuadBit::NONE, ModeBits::NONE, false, 50, 104, 50, 10, FlashFault::GROUNDED},
    {{0xEF, 0x40, 0x18}, QuadBit::STATUS_2_BIT_1, ModeBits::ONE_ZERO, true, 50, 104, 50, 10, FlashFault::BUSY},
    {{0xEF, 0x40, 0x18}, QuadBit::STATUS_2_BIT_1, ModeBits::ONE_ZERO, true, 50, 104, 50, 10, FlashFault::NO_QUAD},
};
