// The core's own clock, beside that of the board: it drifts against it, so that no edge keeps its place.
#pragma once

#include <cstdint>

class CoreClock {
  public:
    // `ratio` is the frequency of the core's clock, as a multiple of that of the board's.
    explicit CoreClock(double ratio) : ratio_(ratio) {}

    // What happens to the core's clock in half a cycle of the board's: `set` is called with each new level.
    template <typename Set> void run_half(Set set) {
        ++halves_;
        // A triangle wave of +-DRIFT over DRIFT_HALVES. The mean is the frequency that was asked for.
        const uint64_t place = halves_ % DRIFT_HALVES;
        const double wave = 4.0 * (place < DRIFT_HALVES / 2 ? place : DRIFT_HALVES - place) / DRIFT_HALVES - 1;
        for (phase_ += ratio_ * (1 + DRIFT * wave); phase_ >= 1; phase_ -= 1) set(level_ ^= 1);
    }

  private:
    static constexpr double DRIFT = 0.001;  // ten times the tolerance of a crystal
    static constexpr uint64_t DRIFT_HALVES = 200'003;

    double ratio_, phase_ = 0;
    uint64_t halves_ = 0;
    int level_ = 0;
};
