/* SPDX-License-Identifier: MIT-0 */
#include "ep_mlperf.h"

#include <stddef.h>

#include "ep_model.h"
#include "ep_port.h"
#include "ep_print.h"

enum { FLOAT32 = 0, INT8 = 9 };

/* What the runner's loads hold: the input's bytes, the same with an offset of 128, or floats. */
typedef enum { RAW, OFFSET_128, WINDOW } load_t;

typedef struct {
    const char* id;
    uint32_t inputs;  /* elements */
    uint32_t outputs; /* elements */
    load_t load;
} benchmark_t;

static const benchmark_t benchmarks[] = {
    {"kws01", 490, 12, RAW},
    {"ic01", 3072, 10, OFFSET_128},
    {"vww01", 27648, 2, OFFSET_128},
    {"ad01", 640, 640, WINDOW},
};

#if EP_MLPERF_BUFFER_BYTES > 0
static uint8_t buffer[EP_MLPERF_BUFFER_BYTES] __attribute__((aligned(4)));
static uint8_t* own_buffer(void)
{
    return buffer;
}
#else
static uint8_t* own_buffer(void)
{
    return NULL;
}
#endif

/* ---- words --------------------------------------------------------------------------------- */

static bool same(const char* a, const char* b)
{
    while ((*a != '\0') && (*a == *b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* What follows `word` in `line`, spaces skipped; NULL where the line does not start with it. */
static const char* after(const char* line, const char* word)
{
    while (*word != '\0') {
        if (*line != *word) {
            return NULL;
        }
        line++;
        word++;
    }
    if ((*line != '\0') && (*line != ' ')) {
        return NULL;
    }
    while (*line == ' ') {
        line++;
    }
    return line;
}

/* The decimal number at *at, which moves past it and the spaces behind; false where there is none
 * or it is over 1e9. */
static bool number(const char** at, uint32_t* value)
{
    const char* digit = *at;
    uint32_t total = 0;
    while ((*digit >= '0') && (*digit <= '9')) {
        if (total >= 100000000U) {
            return false;
        }
        total = 10U * total + (uint32_t)(*digit - '0');
        digit++;
    }
    if ((digit == *at) || ((*digit != '\0') && (*digit != ' '))) {
        return false;
    }
    while (*digit == ' ') {
        digit++;
    }
    *at = digit;
    *value = total;
    return true;
}

static int32_t hex_digit(char c)
{
    if ((c >= '0') && (c <= '9')) {
        return c - '0';
    }
    if ((c >= 'a') && (c <= 'f')) {
        return c - 'a' + 10;
    }
    if ((c >= 'A') && (c <= 'F')) {
        return c - 'A' + 10;
    }
    return -1;
}

/* ---- data ---------------------------------------------------------------------------------- */

static uint32_t element_bytes(const ep_tensor_t* tensor)
{
    return (tensor->type == FLOAT32) ? 4U : 1U;
}

static uint32_t elements(const ep_tensor_t* tensor)
{
    return tensor->bytes / element_bytes(tensor);
}

static bool is_simple(const ep_tensor_t* tensor)
{
    return (tensor->type == FLOAT32) || (tensor->type == INT8) || (tensor->type == 3U);
}

/* The benchmark whose sizes the model has, or NULL. */
static const benchmark_t* benchmark(void)
{
    if ((ep_model.input_count != 1U) || (ep_model.output_count != 1U) ||
        !is_simple(&ep_model.inputs[0])) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof benchmarks / sizeof benchmarks[0]; i++) {
        if ((elements(&ep_model.inputs[0]) == benchmarks[i].inputs) &&
            (elements(&ep_model.outputs[0]) == benchmarks[i].outputs)) {
            return &benchmarks[i];
        }
    }
    return NULL;
}

static load_t load_kind(void)
{
    const benchmark_t* const found = benchmark();
    if (found == NULL) {
        return RAW;
    }
    if ((found->load == OFFSET_128) && (ep_model.inputs[0].type != INT8)) {
        return RAW;
    }
    return found->load;
}

/* Bytes of one load. */
static uint32_t load_bytes(void)
{
    if (ep_model.input_count == 0U) {
        return 0;
    }
    const ep_tensor_t* const input = &ep_model.inputs[0];
    return (load_kind() == WINDOW) ? (4U * elements(input)) : input->bytes;
}

static bool is_buffered(void)
{
    return load_bytes() <= (uint32_t)EP_MLPERF_BUFFER_BYTES;
}

/* Where loads go. */
static uint8_t* store(void)
{
    return is_buffered() ? own_buffer() : (uint8_t*)ep_model.inputs[0].data;
}

/* Whether a load fits where loads go. */
static bool fits(void)
{
    return (ep_model.input_count > 0U) &&
           (is_buffered() ||
            ((load_kind() != WINDOW) && (load_bytes() == ep_model.inputs[0].bytes)));
}

static float float_at(const void* data, uint32_t index)
{
    float value;
    __builtin_memcpy(&value, (const uint8_t*)data + 4U * index, sizeof value);
    return value;
}

/* value / scale to the nearest, halves away from zero, plus the zero point, clamped. */
static int32_t quantise(float value, float scale, int32_t zero_point, bool is_signed)
{
    const int32_t low = is_signed ? -128 : 0;
    const float scaled = value / scale;
    if (!(scaled > (float)(low - zero_point))) {
        return low;
    }
    if (scaled >= (float)(low + 255 - zero_point)) {
        return low + 255;
    }
    int32_t whole = (int32_t)scaled;
    const float rest = scaled - (float)whole;
    if (rest >= 0.5F) {
        whole++;
    } else if (rest <= -0.5F) {
        whole--;
    } else {
        /* whole is the nearest */
    }
    return whole + zero_point;
}

static float output_at(const ep_tensor_t* tensor, uint32_t index)
{
    if (tensor->type == FLOAT32) {
        return float_at(tensor->data, index);
    }
    const int32_t raw = (tensor->type == INT8) ? ((const int8_t*)tensor->data)[index]
                                               : ((const uint8_t*)tensor->data)[index];
    if (tensor->scale > 0.0F) {
        return (float)(raw - tensor->zero_point) * tensor->scale;
    }
    return (float)raw;
}

/* Bring the load into the model's input. */
static void set_input(void)
{
    if (!is_buffered() || !fits()) {
        return;
    }
    const ep_tensor_t* const input = &ep_model.inputs[0];
    const uint8_t* const from = own_buffer();
    uint8_t* const to = (uint8_t*)input->data;
    if ((load_kind() == WINDOW) && (input->type != FLOAT32)) {
        for (uint32_t i = 0; i < input->bytes; i++) {
            to[i] = (uint8_t)quantise(float_at(from, i), input->scale, input->zero_point,
                                      input->type == INT8);
        }
        return;
    }
    for (uint32_t i = 0; i < input->bytes; i++) {
        to[i] = from[i];
    }
}

/* The mean square of what the model makes of its window. */
static float anomaly(void)
{
    const ep_tensor_t* const output = &ep_model.outputs[0];
    const uint32_t count = elements(output);
    float sum = 0.0F;
    for (uint32_t i = 0; i < count; i++) {
        const float error = output_at(output, i) - float_at(own_buffer(), i);
        sum += error * error;
    }
    return sum / (float)count;
}

static void keep_results(ep_mlperf_t* text)
{
    text->result_count = 0;
    if ((ep_model.output_count == 0U) || !is_simple(&ep_model.outputs[0])) {
        return;
    }
    if (load_kind() == WINDOW) {
        text->results[0] = is_buffered() ? anomaly() : 0.0F;
        text->result_count = is_buffered() ? 1U : 0U;
        return;
    }
    const uint32_t count = elements(&ep_model.outputs[0]);
    if (count <= EP_MLPERF_RESULTS) {
        for (uint32_t i = 0; i < count; i++) {
            text->results[i] = output_at(&ep_model.outputs[0], i);
        }
        text->result_count = count;
    }
}

/* ---- commands ------------------------------------------------------------------------------ */

static void put_lap(ep_mlperf_t* text)
{
    ep_mlperf_tick(text);
    const uint32_t hz = ep_port_ticks_hz();
    uint64_t rest = text->ticks;
    uint64_t micros = 0;
    if (hz != 0U) {
        micros = ep_divide(&rest, hz) * 1000000U;
        rest *= 1000000U;
        micros += ep_divide(&rest, hz);
    }
    ep_print_number("m-lap-us-", micros, "");
}

static void on_profile(void)
{
    const benchmark_t* const found = benchmark();
    ep_print_line("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
    ep_print("m-model-[");
    ep_print((found != NULL) ? found->id : ep_model.name);
    ep_print_line("]");
}

static void on_results(const ep_mlperf_t* text)
{
    if (text->result_count == 0U) {
        ep_print_line("e-[No results: infer first; a model of over 16 outputs has none here]");
        return;
    }
    ep_print("m-results-[");
    for (uint32_t i = 0; i < text->result_count; i++) {
        if (i > 0U) {
            ep_print(",");
        }
        ep_print_float(text->results[i]);
    }
    ep_print_line("]");
}

static void run_once(ep_mlperf_t* text)
{
    set_input();
    ep_model.invoke();
    ep_mlperf_tick(text);
    if (text->fresh || is_buffered()) {
        keep_results(text);
    }
    text->fresh = false;
}

static void on_infer(ep_mlperf_t* text, const char* words)
{
    uint32_t runs = 10;
    uint32_t warmups = 1;
    if (*words == '\0') {
        runs = 1;
        warmups = 10;
    } else if (!number(&words, &runs) || ((*words != '\0') && !number(&words, &warmups)) ||
               (*words != '\0') || (runs == 0U)) {
        ep_print_line("e-[infer takes two numbers: runs, at least 1, and warm-ups]");
        return;
    }
    ep_print_number("m-warmup-start-", warmups, "");
    for (uint32_t i = 0; i < warmups; i++) {
        run_once(text);
    }
    ep_print_line("m-warmup-done");
    ep_print_number("m-infer-start-", runs, "");
    put_lap(text);
    for (uint32_t i = 0; i < runs; i++) {
        run_once(text);
    }
    put_lap(text);
    ep_print_line("m-infer-done");
    on_results(text);
}

static void on_load(ep_mlperf_t* text, const char* words)
{
    uint32_t bytes = 0;
    if (!number(&words, &bytes) || (*words != '\0')) {
        ep_print_line("e-[db load takes a number of bytes]");
        return;
    }
    if (!fits()) {
        ep_print_number("e-[No buffer: this model needs EP_MLPERF_BUFFER_BYTES=", load_bytes(),
                        "]");
        return;
    }
    if (bytes != load_bytes()) {
        ep_print_number("e-[The buffer takes ", load_bytes(), " bytes]");
        return;
    }
    text->expected = bytes;
    text->loaded = 0;
    ep_print_number("m-[Expecting ", bytes, " bytes]");
}

static void on_data(ep_mlperf_t* text, const char* hex)
{
    const uint8_t flip = (load_kind() == OFFSET_128) ? 0x80U : 0U;
    if (text->loaded >= text->expected) {
        ep_print_line("e-[No load under way: db load N first]");
        return;
    }
    while (*hex != '\0') {
        const int32_t high = hex_digit(hex[0]);
        const int32_t low = (high < 0) ? -1 : hex_digit(hex[1]);
        if ((low < 0) || (text->loaded == text->expected)) {
            ep_print_line((low < 0) ? "e-[Not hexadecimal bytes]" : "e-[More bytes than db load said]");
            text->expected = 0;
            text->loaded = 0;
            return;
        }
        store()[text->loaded] = (uint8_t)(((uint32_t)high << 4 | (uint32_t)low) ^ flip);
        text->loaded++;
        hex += 2;
    }
    if (text->loaded == text->expected) {
        ep_print_line("m-load-done");
        text->fresh = true;
    }
}

static void on_print(void)
{
    const uint32_t bytes = fits() ? load_bytes() : 0U;
    const uint8_t flip = (load_kind() == OFFSET_128) ? 0x80U : 0U;
    for (uint32_t i = 0; i < bytes; i++) {
        ep_print(((i % 8U) == 0U) ? "m-buffer-" : "-");
        ep_print_hex(store()[i] ^ flip);
        if (((i % 8U) == 7U) || (i + 1U == bytes)) {
            ep_print("\r\n");
        }
    }
}

static void on_db(ep_mlperf_t* text, const char* words)
{
    const char* const size = after(words, "load");
    if (size != NULL) {
        on_load(text, size);
    } else if (same(words, "print")) {
        on_print();
    } else {
        on_data(text, words);
    }
}

static void on_command(ep_mlperf_t* text)
{
    const char* const line = text->line;
    const char* const db = after(line, "db");
    const char* const infer = after(line, "infer");
    if (same(line, "name")) {
        ep_print_line("m-name-dut-[edgepack]");
    } else if (same(line, "profile")) {
        on_profile();
    } else if (same(line, "timestamp")) {
        put_lap(text);
    } else if (same(line, "results")) {
        on_results(text);
    } else if (db != NULL) {
        on_db(text, db);
    } else if (infer != NULL) {
        on_infer(text, infer);
    } else {
        ep_print("e-[Unknown command: ");
        ep_print(line);
        ep_print_line("]");
    }
    ep_print_line("m-ready");
}

/* ---- the line ------------------------------------------------------------------------------ */

void ep_mlperf_init(ep_mlperf_t* text)
{
    text->length = 0;
    text->expected = 0;
    text->loaded = 0;
    text->fresh = true;
    text->result_count = 0;
    text->last = ep_port_ticks();
    text->ticks = text->last;
    ep_print_line("m-timestamp-mode-performance");
    put_lap(text);
    ep_print_line("m-init-done");
}

void ep_mlperf_tick(ep_mlperf_t* text)
{
    const uint32_t now = ep_port_ticks();
    text->ticks += now - text->last;
    text->last = now;
}

void ep_mlperf_break(ep_mlperf_t* text)
{
    text->length = 0;
}

void ep_mlperf_forget(ep_mlperf_t* text)
{
    text->expected = 0;
    text->loaded = 0;
    text->fresh = true;
}

void ep_mlperf_byte(ep_mlperf_t* text, uint8_t byte)
{
    if (byte == (uint8_t)'%') {
        if (text->length == EP_MLPERF_LINE) {
            ep_print_line("e-[Command too long]");
            ep_print_line("m-ready");
        } else {
            text->line[text->length] = '\0';
            on_command(text);
        }
        text->length = 0;
    } else if ((byte == (uint8_t)'\r') || (byte == (uint8_t)'\n')) {
        return;
    } else if ((byte < 0x20U) || (byte > 0x7EU)) {
        text->length = 0; /* noise: no command holds it */
    } else if (text->length < EP_MLPERF_LINE) {
        text->line[text->length] = (char)byte;
        text->length++;
    } else {
        /* wait for the end of a line that is too long */
    }
}
