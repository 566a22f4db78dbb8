// The flash model as a library of C functions, so that a test drives its pins.
#include "flash.h"

extern "C" {
Flash* power_on(const char* path, uint64_t program, uint64_t erase, uint64_t wake, double clock_hz, uint32_t part) {
    return new Flash(path, FlashTimes{program, erase, wake, clock_hz}, FLASH_PARTS[part]);
}
uint8_t tick(Flash* flash, bool select, bool clock, uint8_t out, uint8_t enable) {
    return flash->tick(select, clock, out, enable);
}
uint32_t broken(const Flash* flash) { return flash->broken(); }
void power_off(Flash* flash) { delete flash; }
}
