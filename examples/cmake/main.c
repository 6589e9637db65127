/* SPDX-License-Identifier: MIT-0 */
/* Feeds zeros to the model and prints the first output's bytes; exits with 1 where the self-test
 * finds a wrong bit. */
#include <stdio.h>

#include "net.h"
#include "net_test.h"

int main(void)
{
    if (net_self_test() != 0U) {
        puts("self-test failed");
        return 1;
    }
    net_init();
    unsigned char* input = net_input(0);
    for (unsigned i = 0; i < NET_INPUT_0_BYTES; i++) {
        input[i] = 0;
    }
    net_invoke();
    const unsigned char* output = net_output(0);
    for (unsigned i = 0; i < NET_OUTPUT_0_BYTES; i++) {
        printf("%02x%c", (unsigned)output[i], (i + 1U < NET_OUTPUT_0_BYTES) ? ' ' : '\n');
    }
    return 0;
}
