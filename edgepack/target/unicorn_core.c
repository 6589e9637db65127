/* What unicorn lacks to play a board: an instruction counter that gives the time as QEMU's -icount
 * does, and a serial line on a pty. The devices are in unicorn_devices.c.
 *
 * Time: one instruction takes 2^shift ns. A block's instructions are counted as it starts, so in
 * the middle of a block the counter is ahead. In blocks that touch a timer, a code hook on every
 * instruction tells how far. A block's first such access stops the emulator, which then stands at
 * that instruction, hooks the block and repeats the access. Only an access in an IT block is not
 * repeated: its first answer is the time at the block's end, a few instructions late.
 *
 * Waiting: a status register polled in vain several times in a row, with nothing sent or received
 * meanwhile, is firmware waiting for a byte. Then the process sleeps until one comes, in short naps
 * where the firmware looks at the clock between the polls; the time slept passes on the board too.
 *
 * Counting blocks: for a cycle estimate, and then alone, another hook also counts how often each
 * block of one function and of what it calls ran, and how often it ended in a jump.
 *
 * One machine a process. Includes nothing of unicorn: it is called through unicorn's hooks, whose
 * parameters it seldom needs all, and calls back through two pointers.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "unicorn_core.h"

enum { REGIONS = 8, CACHE = 8192, LINE = 4096, PATIENCE = 16, PROMPT = 20000, NAP_MS = 10 };

typedef struct {
    uint64_t origin;
    uint64_t bytes;
    const uint8_t* host;
} region_t;

typedef struct {
    uint64_t address;
    uint32_t size;
    uint32_t count;
} block_t;

static struct {
    uint64_t count;     /* instructions up to the end of the running block */
    uint64_t block;     /* address of that block */
    uint64_t block_end; /* and the one behind it */
    uint64_t at;        /* instructions up to the hooked one, itself included */
    uint64_t at_count;  /* `count` then: a conditional instruction may not have run */
    int is_riscv;
    int stop;
    unsigned shift;
    uint64_t hz;
    region_t regions[REGIONS];
    unsigned region_count;
    block_t cache[CACHE];
    int (*emu_stop)(void*);
    int (*reg_write)(void*, int, const void*);
    int riscv_x0; /* unicorn's register numbers */
    int riscv_pc;
} cpu;

/* A block of the counted function, in memory that another process reads. Zero: not used. */
typedef struct {
    uint32_t address;
    uint32_t size; /* and, above its 16 bits, the lap: laps begin where `lap_entry` is called */
    uint64_t count;
    uint64_t taken; /* another block followed than the one behind it */
} tally_t;

static struct {
    uint64_t* runs; /* finished ones, and blocks for which there was no room */
    uint64_t* lost;
    tally_t* tallies;
    uint32_t capacity; /* a power of two */
    uint64_t entry;
    uint64_t lap_entry; /* 0: there is one lap */
    uint64_t back;
    uint32_t lap;
    int inside;
    tally_t* last;
} counted;

static struct {
    int fd;
    unsigned rx_next;
    unsigned rx_end;
    unsigned tx_end;
    unsigned polls;  /* in vain, since the line was last looked at */
    unsigned quiet;  /* of these, since a byte was sent or received */
    int clocked;     /* the clock was read since */
    uint64_t tx_due; /* flush when the counter gets here */
    uint8_t rx[LINE];
    uint8_t tx[LINE];
} line;

/* Instructions. */

static uint32_t count_range(uint64_t address, uint64_t end)
{
    const region_t* r = cpu.regions;
    const region_t* last = cpu.regions + cpu.region_count;
    uint32_t count = 0;
    while (r < last && !(address >= r->origin && end <= r->origin + r->bytes)) {
        r++;
    }
    if (r == last) {
        return 0;
    }
    while (address < end) {
        const uint8_t* p = r->host + (address - r->origin);
        int is_long = cpu.is_riscv ? (p[0] & 3) == 3 : p[1] >= 0xE8;
        address += is_long ? 4 : 2;
        count++;
    }
    return count;
}

static void line_flush(void);

static inline void enter(const block_t* b)
{
    cpu.block = b->address;
    cpu.block_end = b->address + b->size;
    cpu.count += b->count;
    if (cpu.count >= line.tx_due) {
        line_flush();
    }
}

/* Apart, so that `on_block` needs no stack frame. */
__attribute__((noinline)) static void enter_new(block_t* b, uint64_t address, uint32_t size)
{
    *b = (block_t){address, size, count_range(address, address + size)};
    enter(b);
}

/* UC_HOOK_BLOCK */
void on_block(void* uc, uint64_t address, uint32_t size, void* data)
{
    block_t* b = &cpu.cache[(address >> 1) % CACHE];
    if (b->address == address && b->size == size) {
        enter(b);
    } else {
        enter_new(b, address, size);
    }
}

static tally_t* find_tally(uint64_t address, uint32_t size)
{
    uint32_t mask = counted.capacity - 1;
    uint32_t at = (((uint32_t)(address >> 1) ^ size >> 4) * 2654435761u) & mask;
    for (uint32_t tries = 0; tries <= mask; tries++) {
        tally_t* tally = &counted.tallies[(at + tries) & mask];
        if (tally->size == 0) {
            tally->address = (uint32_t)address;
            tally->size = size;
        }
        if (tally->address == address && tally->size == size) {
            return tally;
        }
    }
    (*counted.lost)++;
    return NULL;
}

/* UC_HOOK_BLOCK, in place of `on_block`. A call ends a block, so a function returns to its end. */
void on_counted_block(void* uc, uint64_t address, uint32_t size, void* data)
{
    uint64_t behind = cpu.block_end;
    on_block(uc, address, size, data);
    if (!counted.inside && address == counted.entry) {
        counted.inside = 1;
        counted.back = behind;
        counted.last = NULL;
        counted.lap = 0;
    }
    if (counted.inside && counted.lap_entry != 0 && address == counted.lap_entry) {
        counted.lap++;
    }
    if (counted.last != NULL && address != behind) {
        counted.last->taken++;
    }
    counted.last = NULL;
    if (counted.inside && address == counted.back) {
        counted.inside = 0;
        (*counted.runs)++;
    } else if (counted.inside) {
        counted.last = find_tally(address, size | counted.lap << 16);
        if (counted.last != NULL) {
            counted.last->count++;
        }
    }
}

/* UC_HOOK_CODE on blocks known to touch a timer */
void on_place(void* uc, uint64_t address, uint32_t size, void* data)
{
    cpu.at = cpu.count - count_range(address, cpu.block_end) + 1;
    cpu.at_count = cpu.count;
}

/* UC_HOOK_CODE on each `csrr rd, [m]{instret,cycle}[h]`: answers it and steps over it. */
void on_counter(void* uc, uint64_t address, uint32_t size, void* data)
{
    const region_t* r = cpu.regions;
    uint32_t word;
    uint32_t value;
    uint32_t next = (uint32_t)address + 4;
    uint32_t rest = count_range(address, cpu.block_end) - 1;
    while (!(address >= r->origin && address < r->origin + r->bytes)) {
        r++;
    }
    memcpy(&word, r->host + (address - r->origin), sizeof word);
    line.clocked = 1;
    cpu.count -= rest;
    value = (uint32_t)((cpu.count << cpu.shift) >> ((word & 0x08000000u) ? 32 : 0));
    if ((word >> 7) & 31u) {
        cpu.reg_write(uc, cpu.riscv_x0 + (int)((word >> 7) & 31u), &value);
    }
    cpu.reg_write(uc, cpu.riscv_pc, &next);
}

void core_stop(void* uc, int reason)
{
    cpu.stop = reason;
    cpu.emu_stop(uc);
}

uint64_t time_ns(void* uc)
{
    line.clocked = 1;
    if (cpu.at_count != cpu.count) {
        core_stop(uc, STOP_PLACE);
        return cpu.count << cpu.shift;
    }
    return cpu.at << cpu.shift;
}

uint64_t time_hz(void)
{
    return cpu.hz;
}

uint64_t time_scale(uint64_t value, uint64_t by, uint64_t over)
{
    return value / over * by + value % over * by / over;
}

uint64_t time_ticks(void* uc)
{
    return time_scale(time_ns(uc), cpu.hz, NS);
}

/* The serial line. */

static uint64_t host_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

/* Receive what is there, waiting that long for it; -1 is for ever. */
static void fill(int timeout_ms)
{
    struct pollfd p = {line.fd, POLLIN, 0};
    uint64_t since = timeout_ms ? host_ns() : 0;
    if (poll(&p, 1, timeout_ms) > 0) {
        ssize_t n = read(line.fd, line.rx, LINE);
        line.rx_next = 0;
        line.rx_end = n > 0 ? (unsigned)n : 0;
    }
    if (timeout_ms) {
        cpu.count += (host_ns() - since) >> cpu.shift;
    }
}

static void line_flush(void)
{
    unsigned sent = 0;
    while (sent < line.tx_end) {
        ssize_t n = write(line.fd, line.tx + sent, line.tx_end - sent);
        if (n > 0) {
            sent += (unsigned)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {line.fd, POLLOUT, 0};
            poll(&p, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            break;
        }
    }
    line.tx_end = 0;
    line.tx_due = UINT64_MAX;
}

int line_ready(void)
{
    if (line.rx_next < line.rx_end) {
        return 1;
    }
    line.quiet++;
    line.polls++;
    if (line.quiet >= PATIENCE) {
        line_flush();
        fill(line.clocked ? NAP_MS : -1);
    } else if (line.polls >= PATIENCE) {
        fill(0);
    } else {
        return 0;
    }
    line.polls = 0;
    line.quiet = 0;
    line.clocked = 0;
    return line.rx_next < line.rx_end;
}

uint8_t line_take(void)
{
    line.polls = 0;
    line.quiet = 0;
    return line.rx_next < line.rx_end ? line.rx[line.rx_next++] : 0;
}

void line_put(uint64_t byte)
{
    line.quiet = 0;
    if (line.tx_end == LINE) {
        line_flush();
    }
    if (line.tx_end == 0) {
        line.tx_due = cpu.count + PROMPT;
    }
    line.tx[line.tx_end++] = (uint8_t)byte;
}

/* What the process around it calls. */

void machine_setup(int fd, unsigned shift, uint64_t hz, int (*emu_stop)(void*),
                   int (*reg_write)(void*, int, const void*), int riscv_x0, int riscv_pc)
{
    cpu.at_count = UINT64_MAX;
    line.fd = fd;
    line.tx_due = UINT64_MAX;
    cpu.shift = shift;
    cpu.hz = hz;
    cpu.emu_stop = emu_stop;
    cpu.reg_write = reg_write;
    cpu.is_riscv = riscv_pc != 0;
    cpu.riscv_x0 = riscv_x0;
    cpu.riscv_pc = riscv_pc;
}

/* 0 where there is no room for another region. */
int machine_memory(uint64_t origin, uint64_t bytes, const uint8_t* host)
{
    if (cpu.region_count == REGIONS) {
        return 0;
    }
    cpu.regions[cpu.region_count++] = (region_t){origin, bytes, host};
    return 1;
}

/* Count the function at `entry` in zeroed memory: two counters, then `capacity` tallies. */
void machine_count(void* memory, uint32_t capacity, uint64_t entry, uint64_t lap_entry)
{
    counted.runs = memory;
    counted.lost = counted.runs + 1;
    counted.tallies = (tally_t*)(counted.runs + 2);
    counted.capacity = capacity;
    counted.entry = entry;
    counted.lap_entry = lap_entry;
}

/* Why the emulator was stopped, once. For STOP_PLACE, `pc` is where it stands: what follows in the
 * block has not run and is taken off the count. */
int machine_stopped(uint64_t pc)
{
    int reason = cpu.stop;
    cpu.stop = RUNNING;
    if (reason == STOP_PLACE) {
        cpu.count -= count_range(pc, cpu.block_end);
    }
    return reason;
}

/* A board restarts: its devices forget, the line and the counter stay. */
void machine_reset(void)
{
    cpu.at_count = UINT64_MAX;
    counted.inside = 0;
    counted.last = NULL;
    devices_reset();
}

uint64_t machine_block(void)
{
    return cpu.block;
}

uint64_t machine_block_end(void)
{
    return cpu.block_end;
}

void machine_flush(void)
{
    line_flush();
}
