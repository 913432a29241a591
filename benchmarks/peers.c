/* libcacard in a process of its own: commands a second of SELECT (its card manager) and GET RESPONSE-free answers.
 * usage: peers NSSDB CERTIFICATE COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libcacard.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    unsigned char select[] = {0x00, 0xA4, 0x04, 0x00, 0x07, 0xA0, 0x00, 0x00, 0x01, 0x16, 0xDB, 0x00};
    unsigned char atr[64], answer[512];
    char options[512];
    int length = sizeof atr;

    if (argc != 4)
        return 2;
    snprintf(options, sizeof options, "db=\"%s\" use_hw=no soft=(,bench,CAC,,%s)", argv[1], argv[2]);
    VCardEmulOptions *chosen = vcard_emul_options(options);
    if (chosen == NULL || vcard_emul_init(chosen) != VCARD_EMUL_OK) {
        fprintf(stderr, "libcacard does not start with %s\n", options);
        return 1;
    }
    VReader *reader = vreader_list_get_reader(vreader_list_get_first(vreader_get_reader_list()));
    if (reader == NULL || vreader_power_on(reader, atr, &length) != VREADER_OK) {
        fprintf(stderr, "libcacard has no card in its reader\n");
        return 1;
    }
    long count = atol(argv[3]);
    double begin = now();
    for (long turn = 0; turn < count; turn++) {
        length = sizeof answer;
        if (vreader_xfr_bytes(reader, select, sizeof select, answer, &length) != VREADER_OK || length < 2) {
            fprintf(stderr, "libcacard did not answer\n");
            return 1;
        }
    }
    printf("%.9f %02x%02x\n", now() - begin, answer[length - 2], answer[length - 1]);
    return 0;
}
