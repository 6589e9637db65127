/* SPDX-License-Identifier: MIT-0 */
/* A POSIX process as a board: its serial line is a pseudo-terminal, whose path it prints first. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "ep_port.h"

#define EP_CHUNK 4096
#define EP_IDLE_POLLS 64U

static int line = -1;
static uint8_t received[EP_CHUNK];
static ssize_t received_bytes;
static ssize_t next_byte;
static uint8_t waiting[EP_CHUNK];
static size_t waiting_bytes;
static uint32_t idle;

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void make_raw(int terminal) {
    struct termios mode;
    if (tcgetattr(terminal, &mode) != 0) {
        die("tcgetattr");
    }
    mode.c_iflag = 0;
    mode.c_oflag = 0;
    mode.c_lflag = 0;
    mode.c_cflag = (mode.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD | CLOCAL;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    if (tcsetattr(terminal, TCSANOW, &mode) != 0) {
        die("tcsetattr");
    }
}

void ep_port_init(void) {
    line = posix_openpt(O_RDWR | O_NOCTTY);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0) {
        die("posix_openpt");
    }
    const char* const path = ptsname(line);
    /* Kept open, so that the line survives a host that closes it and comes back. */
    const int terminal = path == NULL ? -1 : open(path, O_RDWR | O_NOCTTY);
    if (terminal < 0) {
        die("ptsname");
    }
    make_raw(terminal);
    if (fcntl(line, F_SETFL, O_NONBLOCK) != 0) {
        die("fcntl");
    }
    if (printf("serial line: %s\n", path) < 0 || fflush(stdout) != 0) {
        die("stdout");
    }
}

static void wait_for(short events, int milliseconds) {
    struct pollfd entry = {.fd = line, .events = events, .revents = 0};
    (void)poll(&entry, 1, milliseconds);
}

static void flush_waiting(void) {
    size_t sent = 0;
    while (sent < waiting_bytes) {
        const ssize_t done = write(line, &waiting[sent], waiting_bytes - sent);
        if (done > 0) {
            sent += (size_t)done;
        } else if (done < 0 && errno != EAGAIN && errno != EINTR) {
            die("write");
        } else {
            wait_for(POLLOUT, 100);
        }
    }
    waiting_bytes = 0;
}

/* Bytes go out together when the program looks for input or the buffer is full. */
int32_t ep_port_getc(void) {
    if (next_byte == received_bytes) {
        flush_waiting();
        received_bytes = read(line, received, sizeof received);
        next_byte = 0;
        if (received_bytes <= 0) {
            received_bytes = 0;
            if (++idle > EP_IDLE_POLLS) {
                wait_for(POLLIN, 1); /* yield the processor to the host's side */
            }
            return -1;
        }
    }
    idle = 0;
    return received[next_byte++];
}

void ep_port_putc(uint8_t byte) {
    waiting[waiting_bytes++] = byte;
    if (waiting_bytes == sizeof waiting) {
        flush_waiting();
    }
}

uint32_t ep_port_ticks(void) {
    return 0U;
}

uint32_t ep_port_ticks_hz(void) {
    return 0U;
}

/* A process's stack is the system's; its use says nothing about a microcontroller. */
void ep_port_paint_stack(void) {
}

uint32_t ep_port_stack_peak(void) {
    return 0U;
}

void ep_port_reset(void) {
    flush_waiting();
}
