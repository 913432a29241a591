/*
 * What a program does that forks, threads, interrupts and outlives its server. The first argument says what, the second how
 * often; the line at the end says how many calls ended otherwise than they should.
 */
#include "bifente_sesam.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int rounds;
static int wrong;

static void expect(sesam_code code, sesam_code wanted)
{
    if (code != wanted)
        __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
}

static void read_config(void)
{
    void *zone = NULL;
    size_t size = 0;
    expect(SSV_LireConfig(&zone, &size), 0);
    if (size < 100)
        expect(1, 0);
    SSV_LibererZoneMem(zone);
}

static void *thread(void *ignored)
{
    for (int i = 0; i < rounds; i++) {
        sesam_number session = 0;
        char text[64];
        size_t size = sizeof text;
        read_config();
        expect(SGD_ReserverSession(4096, &session), 0);
        expect(SIS_LireConfig(session), 0);
        expect(SGD_LireChamp(session, 61, 1, 1, text, &size), 0);
        expect(SGD_LibererSession(session), 0);
    }
    return ignored;
}

static void threads(void)
{
    pthread_t made[8];
    SSV_InitLIB();
    for (int i = 0; i < 8; i++)
        pthread_create(&made[i], NULL, thread, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(made[i], NULL);
    expect(SSV_TermLIB(), 0);
}

static void forks(void)
{
    SSV_InitLIB();
    read_config();
    for (int i = 0; i < rounds; i++) {
        pid_t child = fork();
        if (child == 0) {
            wrong = 0;
            read_config(); /* initialised, as the parent's memory is */
            expect(SSV_InitLIB(), 0xF670);
            _exit(wrong);
        }
        int status = 0;
        waitpid(child, &status, 0);
        expect((sesam_code)status, 0);
        read_config();
    }
    expect(SSV_TermLIB(), 0);
}

static void ring(int number) { (void)number; }

static void signals(void)
{
    struct sigaction interrupting = {.sa_handler = ring}; /* no SA_RESTART: system calls end with EINTR */
    struct itimerval often = {{0, 500}, {0, 500}};
    sigaction(SIGALRM, &interrupting, NULL);
    SSV_InitLIB();
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < rounds; i++)
        read_config();
    expect(SSV_TermLIB(), 0);
}

static void inits(void)
{
    for (int i = 0; i < rounds; i++) {
        expect(SSV_InitLIB(), 0);
        expect(SSV_InitLIB(), 0xF670);
        expect(SSV_TermLIB(), 0);
    }
}

static void many(void) /* one of many processes: the cards too */
{
    void *zone = NULL;
    size_t size = 0;
    expect(SSV_InitLIB(), 0);
    for (int i = 0; i < rounds; i++) {
        read_config();
        expect(SSV_LireCartePS("CPS", "TRANSPA2", "1234", &zone, &size), 0);
        SSV_LibererZoneMem(zone);
    }
    expect(SSV_TermLIB(), 0);
}

/* A line of stdin before each call: meanwhile the server is killed and started again. SIGPIPE stays deadly. */
static void outlive(void)
{
    char line[16];
    signal(SIGPIPE, SIG_DFL);
    SSV_InitLIB();
    while (fgets(line, sizeof line, stdin) != NULL) {
        void *zone = NULL;
        size_t size = 0;
        printf("%04X\n", SSV_LireConfig(&zone, &size));
        fflush(stdout);
        SSV_LibererZoneMem(zone);
    }
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int by_size(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return a < b ? -1 : a > b;
}

/* Microseconds of a call, the median of the rounds: init, config, ps, droits. */
static void speed(const char *what)
{
    double *times = calloc((size_t)rounds, sizeof *times);
    void *zone = NULL;
    size_t size = 0;
    if (strcmp(what, "init") != 0)
        expect(SSV_InitLIB(), 0);
    for (int i = 0; i < rounds; i++) {
        double start = now();
        if (strcmp(what, "init") == 0)
            expect(SSV_InitLIB(), 0);
        else if (strcmp(what, "config") == 0)
            expect(SSV_LireConfig(&zone, &size), 0);
        else if (strcmp(what, "ps") == 0)
            expect(SSV_LireCartePS("CPS", "TRANSPA2", "1234", &zone, &size), 0);
        else
            expect(SSV_LireDroitsVitale("CPS", "TRANSPA2", "1234", "", &zone, &size), 0);
        times[i] = now() - start;
        SSV_LibererZoneMem(zone);
        zone = NULL;
        if (strcmp(what, "init") == 0)
            SSV_TermLIB();
    }
    qsort(times, (size_t)rounds, sizeof *times, by_size);
    printf("%.2f\n", times[rounds / 2]);
    free(times);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    rounds = argc > 2 ? atoi(argv[2]) : 1;
    if (strcmp(what, "threads") == 0)
        threads();
    else if (strcmp(what, "forks") == 0)
        forks();
    else if (strcmp(what, "signals") == 0)
        signals();
    else if (strcmp(what, "inits") == 0)
        inits();
    else if (strcmp(what, "many") == 0)
        many();
    else if (strcmp(what, "outlive") == 0)
        outlive();
    else if (strcmp(what, "speed") == 0 && argc > 3)
        speed(argv[3]);
    else
        return 2;
    printf("wrong %d\n", wrong);
    return wrong != 0;
}
