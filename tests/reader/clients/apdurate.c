/* apdurate READER COUNT HEX[,HEX…] [PAUSE]: send the commands once, then the last one COUNT times with PAUSE µs between;
   print seconds, median and p99 in µs, and the last status word. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void must(const char *what, LONG rv)
{
    if (rv == SCARD_S_SUCCESS)
        return;
    fprintf(stderr, "%s: %08lX\n", what, (unsigned long)rv & 0xFFFFFFFF);
    exit(1);
}

int main(int argc, char **argv)
{
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol, length, pause_us = 0;
    BYTE command[300], answer[65538];
    size_t size = 0;
    long count, i;
    double begin, total = 0, *took;

    if (argc < 4)
        return 2;
    count = atol(argv[2]);
    if (argc > 4)
        pause_us = (DWORD)atol(argv[4]);
    took = malloc(count * sizeof *took);
    must("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));
    must("connect", SCardConnect(context, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol));
    const SCARD_IO_REQUEST *pci = protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
    for (const char *hex = argv[3]; *hex; hex += *hex == ',') {
        for (size = 0; hex[0] && hex[0] != ',' && size < sizeof command; hex += 2)
            sscanf(hex, "%2hhx", &command[size++]);
        length = sizeof answer;
        must("transmit", SCardTransmit(card, pci, command, size, NULL, answer, &length));
    }
    for (i = -20; i < count; i++) {
        if (i == 0)
            total = now();
        length = sizeof answer;
        begin = now();
        must("transmit", SCardTransmit(card, pci, command, size, NULL, answer, &length));
        if (i >= 0)
            took[i] = now() - begin;
        if (pause_us) {
            struct timespec rest = {0, pause_us * 1000L};
            nanosleep(&rest, NULL);
        }
    }
    total = now() - total;
    qsort(took, count, sizeof *took, by_value);
    printf("%.6f %.1f %.1f %02X%02X\n", total, took[count / 2] * 1e6, took[count * 99 / 100] * 1e6,
           answer[length - 2], answer[length - 1]);
    must("disconnect", SCardDisconnect(card, SCARD_LEAVE_CARD));
    must("release", SCardReleaseContext(context));
    return 0;
}
