// Bytes from and to the host over a stream socket.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <vector>

class Channel {
  public:
    explicit Channel(int descriptor) : descriptor_(descriptor) {
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    }

    // Whether the host has gone.
    bool closed() const { return closed_; }

    bool empty() const { return taken_ == input_.size(); }

    // The next byte from the host; only where not `empty`.
    uint8_t take() { return input_[taken_++]; }

    void give(uint8_t byte) { output_.push_back(byte); }

    // Moves what can be moved. Waits only for a host that leaves too much lying about: the board's clock then stands
    // still, so that nothing is lost.
    void exchange() {
        write_some();
        while (!closed_ && output_.size() > MOST_OUTPUT) {
            wait(POLLOUT);
            write_some();
        }
        if (empty()) read_some();
    }

    // Sleeps until the host sends something or goes.
    void sleep() { wait(POLLIN | (output_.empty() ? 0 : POLLOUT)); }

  private:
    static constexpr size_t MOST_INPUT = 4096, MOST_OUTPUT = 65536;

    int descriptor_;
    bool closed_ = false;
    std::vector<uint8_t> input_, output_;
    size_t taken_ = 0;

    void wait(int events) {
        pollfd entry{descriptor_, static_cast<short>(events), 0};
        poll(&entry, 1, -1);
    }

    void write_some() {
        if (output_.empty()) return;
        const ssize_t count = write(descriptor_, output_.data(), output_.size());
        if (count > 0) output_.erase(output_.begin(), output_.begin() + count);
        if (count < 0) check_error();
    }

    void read_some() {
        input_.resize(MOST_INPUT);
        const ssize_t count = read(descriptor_, input_.data(), input_.size());
        input_.resize(count > 0 ? count : 0);
        taken_ = 0;
        if (count == 0) closed_ = true;
        if (count < 0) check_error();
    }

    void check_error() {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) closed_ = true;
    }
};
