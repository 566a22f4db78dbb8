// What every line between host and board is told.
#pragma once

#include <random>

struct LineSettings {
    double bit_cycles;   // a bit's length in cycles of the board's clock, where the line has bits
    double pause_rate;   // how probable it is that the host rests in a cycle, where it may
};

// Whether the host rests in a cycle; the same for every run.
class Pauses {
  public:
    explicit Pauses(double rate) : rests_(rate) {}

    bool operator()() { return rests_(generator_); }

  private:
    std::mt19937 generator_;
    std::bernoulli_distribution rests_;
};
