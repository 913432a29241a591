/* manyclients READER CLIENTS COUNT HEX: that many threads, each with a context and a handle of its own, send the command
     COUNT times at once; print seconds, median and p99 of a command in µs, and the last status word.
   manyclients READER -WAITERS COUNT: connect and disconnect COUNT times while that many threads wait for changes of the
     reader; print the same, for a connect and a disconnect together, and 9000. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

static const char *reader;
static BYTE command[300], last[2];
static size_t size;
static long count;
static double *took;
static pthread_barrier_t barrier;
static volatile int over;
/* libpcsclite 1.9.9 does not survive contexts that are made and released in many threads at the very same moment. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

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

static SCARDCONTEXT established(void)
{
    SCARDCONTEXT context;
    must("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));
    return context;
}

static SCARDHANDLE connected(SCARDCONTEXT context, DWORD *protocol)
{
    SCARDHANDLE card;
    must("connect", SCardConnect(context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, protocol));
    return card;
}

static void *talk(void *mine)
{
    pthread_mutex_lock(&one_at_a_time);
    SCARDCONTEXT context = established();
    DWORD protocol, length;
    SCARDHANDLE card = connected(context, &protocol);
    pthread_mutex_unlock(&one_at_a_time);
    const SCARD_IO_REQUEST *pci = protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
    BYTE answer[512];

    pthread_barrier_wait(&barrier);
    for (long i = 0; i < count; i++) {
        double begin = now();
        length = sizeof answer;
        must("transmit", SCardTransmit(card, pci, command, size, NULL, answer, &length));
        ((double *)mine)[i] = now() - begin;
    }
    memcpy(last, answer + length - 2, 2);
    pthread_barrier_wait(&barrier);
    pthread_mutex_lock(&one_at_a_time);
    must("disconnect", SCardDisconnect(card, SCARD_LEAVE_CARD));
    must("release", SCardReleaseContext(context));
    pthread_mutex_unlock(&one_at_a_time);
    return NULL;
}

static void *watch(void *mine)
{
    pthread_mutex_lock(&one_at_a_time);
    SCARDCONTEXT context = *(SCARDCONTEXT *)mine = established();
    pthread_mutex_unlock(&one_at_a_time);
    SCARD_READERSTATE state = {.szReader = reader, .dwCurrentState = SCARD_STATE_UNAWARE};

    must("look", SCardGetStatusChange(context, 0, &state, 1));
    pthread_barrier_wait(&barrier);
    while (!over) {
        state.dwCurrentState = state.dwEventState;
        SCardGetStatusChange(context, 60000, &state, 1);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int clients = argc > 3 ? atoi(argv[2]) : 0, waiters = clients < 0 ? -clients : 0;
    pthread_t threads[1000];
    SCARDCONTEXT contexts[1000];
    double begin;
    long all;

    if (argc < 4 || clients > 1000 || waiters > 1000 || (clients > 0 && argc < 5))
        return 2;
    reader = argv[1];
    count = atol(argv[3]);
    all = clients > 0 ? clients * count : count;
    took = malloc(all * sizeof *took);
    if (clients > 0) {
        for (const char *hex = argv[4]; hex[0] && size < sizeof command; hex += 2)
            sscanf(hex, "%2hhx", &command[size++]);
        pthread_barrier_init(&barrier, NULL, clients + 1);
        for (int i = 0; i < clients; i++)
            pthread_create(&threads[i], NULL, talk, took + i * count);
        pthread_barrier_wait(&barrier);
        begin = now();
        pthread_barrier_wait(&barrier);
    } else {
        SCARDCONTEXT context = established();
        DWORD protocol;
        SCARDHANDLE held = connected(context, &protocol);

        memcpy(last, "\x90\x00", 2);
        pthread_barrier_init(&barrier, NULL, waiters + 1);
        for (int i = 0; i < waiters; i++)
            pthread_create(&threads[i], NULL, watch, &contexts[i]);
        pthread_barrier_wait(&barrier);
        /* A handle stays, or pcscd would stop and restart its polling of the reader each time. */
        begin = now();
        for (long i = 0; i < count; i++) {
            double each = now();
            SCARDHANDLE card = connected(context, &protocol);
            must("disconnect", SCardDisconnect(card, SCARD_LEAVE_CARD));
            took[i] = now() - each;
        }
        must("disconnect", SCardDisconnect(held, SCARD_LEAVE_CARD));
    }
    begin = now() - begin;
    qsort(took, all, sizeof *took, by_value);
    printf("%.6f %.1f %.1f %02X%02X\n", begin, took[all / 2] * 1e6, took[all * 99 / 100] * 1e6, last[0], last[1]);
    fflush(stdout);
    if (waiters)
        _Exit(0); /* those who wait are not worth waiting for */
    for (int i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
