// The flash model as a library of C functions, so that a test drives its pins.
#include "flash.h"

extern "C" {
Flash* power_on(const char* path, uint64_t program, uint64_t erase, uint64_t wake) {
    return new Flash(path, FlashTimes{program, erase, wake});
}
bool tick(Flash* flash, bool select, bool clock, bool input) { return flash->tick(select, clock, input); }
void power_off(Flash* flash) { delete flash; }
}
