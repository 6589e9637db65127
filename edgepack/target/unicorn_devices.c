/* The devices of an emulated board, for unicorn's hooks: an instruction counter, a timer fed by it
 * as QEMU's -icount feeds its timers, and a UART on a pty.
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

enum { REGIONS = 4, CACHE = 8192, LINE = 4096, PATIENCE = 16, PROMPT = 20000, NAP_MS = 10, NS = 1000000000 };
enum { RUNNING = 0, STOP_PLACE = 1, STOP_RESET = 2 };

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

static void stop(void* uc, int reason)
{
    cpu.stop = reason;
    cpu.emu_stop(uc);
}

/* The time up to the instruction that asks, in ns. */
static uint64_t time_ns(void* uc)
{
    line.clocked = 1;
    if (cpu.at_count != cpu.count) {
        stop(uc, STOP_PLACE);
        return cpu.count << cpu.shift;
    }
    return cpu.at << cpu.shift;
}

static uint64_t scale(uint64_t value, uint64_t by, uint64_t over)
{
    return value / over * by + value % over * by / over;
}

/* The same in ticks of the board's timer. */
static uint64_t ticks(void* uc)
{
    return scale(time_ns(uc), cpu.hz, NS);
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

/* Whether a received byte waits; called where firmware reads a status. */
static int rx_ready(void)
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

static uint8_t rx_take(void)
{
    line.polls = 0;
    line.quiet = 0;
    return line.rx_next < line.rx_end ? line.rx[line.rx_next++] : 0;
}

static void tx_put(uint64_t byte)
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

/* CMSDK APB UART */

static uint32_t cmsdk_uart_control;

uint64_t cmsdk_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x0: return rx_take();
    case 0x4: return (cmsdk_uart_control & 2u) && rx_ready() ? 2 : 0;
    case 0x8: return cmsdk_uart_control;
    default: return 0;
    }
}

void cmsdk_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0x0 && (cmsdk_uart_control & 1u)) {
        tx_put(value);
    } else if (offset == 0x8) {
        cmsdk_uart_control = (uint32_t)value;
    }
}

/* nRF51 UART: an event register for each way */

static uint32_t nrf51_tx_done;

uint64_t nrf51_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x108: return (uint64_t)rx_ready();
    case 0x11C: return nrf51_tx_done;
    case 0x518: return rx_take();
    default: return 0;
    }
}

void nrf51_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0x51C) {
        tx_put(value);
        nrf51_tx_done = 1;
    } else if (offset == 0x11C) {
        nrf51_tx_done = (uint32_t)value;
    }
}

/* STM32 USART of the F1, F2 and F4: SR, DR */

uint64_t stm32_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x0: return 0xC0u | (rx_ready() ? 0x20u : 0u);
    case 0x4: return rx_take();
    default: return 0;
    }
}

void stm32_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0x4) {
        tx_put(value);
    }
}

/* NS16550A */

static uint8_t ns16550_lcr;

uint64_t ns16550_uart_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0: return (ns16550_lcr & 0x80u) ? 0 : rx_take();
    case 3: return ns16550_lcr;
    case 5: return 0x60u | (rx_ready() ? 1u : 0u);
    default: return 0;
    }
}

void ns16550_uart_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0 && !(ns16550_lcr & 0x80u)) {
        tx_put(value);
    } else if (offset == 3) {
        ns16550_lcr = (uint8_t)value;
    }
}

/* CMSDK APB timer: counts down from `value`, then from `reload` */

static struct {
    uint32_t control;
    uint32_t reload;
    uint64_t value; /* at `since` */
    uint64_t since;
} cmsdk;

static uint32_t cmsdk_value(uint64_t now)
{
    uint64_t gone = (cmsdk.control & 1u) ? now - cmsdk.since : 0;
    if (gone <= cmsdk.value) {
        return (uint32_t)(cmsdk.value - gone);
    }
    return (uint32_t)(cmsdk.reload - (gone - cmsdk.value - 1) % ((uint64_t)cmsdk.reload + 1));
}

uint64_t cmsdk_timer_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x0: return cmsdk.control;
    case 0x4: return cmsdk_value(ticks(uc));
    case 0x8: return cmsdk.reload;
    default: return 0;
    }
}

void cmsdk_timer_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    uint64_t now;
    if (offset > 0x8) {
        return;
    }
    now = ticks(uc);
    cmsdk.value = cmsdk_value(now);
    cmsdk.since = now;
    switch (offset) {
    case 0x0: cmsdk.control = (uint32_t)value; break;
    case 0x4: cmsdk.value = (uint32_t)value; break;
    default:
        cmsdk.reload = (uint32_t)value;
        cmsdk.value = (uint32_t)value;
        break;
    }
}

/* nRF51 TIMER0: counts up, read by a capture into CC[n]. As in QEMU each capture moves `since` on by
 * whole nanoseconds. */

static struct {
    int running;
    uint32_t bitmode;
    uint32_t prescaler;
    uint32_t value; /* at `since`, in ns */
    uint64_t since;
    uint32_t cc[4];
} nrf51;

static uint32_t nrf51_value(uint64_t now)
{
    static const uint32_t mask[4] = {0xFFFFu, 0xFFu, 0xFFFFFFu, 0xFFFFFFFFu};
    if (nrf51.running) {
        uint64_t hz = cpu.hz >> nrf51.prescaler;
        uint64_t gone = scale(now - nrf51.since, hz, NS);
        nrf51.value += (uint32_t)gone;
        nrf51.since += scale(gone, NS, hz);
    }
    nrf51.value &= mask[nrf51.bitmode & 3u];
    return nrf51.value;
}

uint64_t nrf51_timer_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    switch (offset) {
    case 0x508: return nrf51.bitmode;
    case 0x510: return nrf51.prescaler;
    case 0x540: case 0x544: case 0x548: case 0x54C: return nrf51.cc[(offset - 0x540) / 4];
    default: return 0;
    }
}

void nrf51_timer_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    uint64_t now;
    switch (offset) {
    case 0x508: nrf51.bitmode = (uint32_t)value; return;
    case 0x510: nrf51.prescaler = (uint32_t)value & 15u; return;
    case 0x540: case 0x544: case 0x548: case 0x54C:
        nrf51.cc[(offset - 0x540) / 4] = (uint32_t)value;
        return;
    default: break;
    }
    if (offset > 0x4C || value != 1) {
        return;
    }
    now = time_ns(uc);
    switch (offset) {
    case 0x000: nrf51.since = nrf51.running ? nrf51.since : now; nrf51.running = 1; break;
    case 0x004: nrf51_value(now); nrf51.running = 0; break;
    case 0x00C: nrf51.value = 0; nrf51.since = now; break;
    case 0x040: case 0x044: case 0x048: case 0x04C:
        nrf51.cc[(offset - 0x40) / 4] = nrf51_value(now);
        break;
    default: break;
    }
}

/* STM32 TIM2..TIM5 as QEMU has them: CNT always counts, PSC divides */

static struct {
    uint32_t registers[32];
    uint64_t offset;
} stm32;

uint64_t stm32_timer_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    if (offset == 0x24) {
        return (uint32_t)(ticks(uc) / (stm32.registers[10] + 1ull) - stm32.offset);
    }
    return offset < sizeof stm32.registers ? stm32.registers[offset / 4] : 0;
}

void stm32_timer_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    int restarts = offset == 0x24 || (offset == 0x14 && (value & 1u));
    if (offset < sizeof stm32.registers) {
        stm32.registers[offset / 4] = (uint32_t)value;
    }
    if (restarts) {
        stm32.offset = ticks(uc) / (stm32.registers[10] + 1ull) - (offset == 0x24 ? value : 0);
    }
}

/* Arm's private peripherals: registers that keep what is written; AIRCR restarts the board.
 * `data` is the array of bytes behind them. */

uint64_t registers_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t*)data + offset, size);
    return value;
}

void registers_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0xED0C) {
        if ((value >> 16) == 0x05FAu && (value & 4u)) {
            stop(uc, STOP_RESET);
        }
        return;
    }
    memcpy((uint8_t*)data + offset, &value, size);
}

/* QEMU's RISC-V test device: 0x7777 restarts the board */

uint64_t power_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    return 0;
}

void power_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
    if (offset == 0 && (value & 0xFFFFu) == 0x7777u) {
        stop(uc, STOP_RESET);
    }
}

/* nRF51 clock: whatever was started runs */

uint64_t nrf51_clock_read(void* uc, uint64_t offset, unsigned size, void* data)
{
    return 1;
}

void nrf51_clock_write(void* uc, uint64_t offset, unsigned size, uint64_t value, void* data)
{
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
    cmsdk_uart_control = 0;
    nrf51_tx_done = 0;
    ns16550_lcr = 0;
    cpu.at_count = UINT64_MAX;
    memset(&cmsdk, 0, sizeof cmsdk);
    memset(&nrf51, 0, sizeof nrf51);
    memset(&stm32, 0, sizeof stm32);
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
