/*
 * The floor of the calls: a bare echo over a Unix socket between two processes in C, a question of 11 bytes and an answer of
 * 214, as LireConfig has them. Prints the median in microseconds of so many round trips.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { QUESTION = 11, ANSWER = 214 };

static int whole(int from, char *bytes, size_t size)
{
    while (size != 0) {
        ssize_t got = read(from, bytes, size);
        if (got <= 0)
            return 0;
        bytes += got;
        size -= (size_t)got;
    }
    return 1;
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

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 1000, ends[2];
    char question[QUESTION] = "", answer[ANSWER] = "";
    double *times = calloc((size_t)rounds, sizeof *times);
    if (times == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 1;
    if (fork() == 0) {
        close(ends[0]);
        while (whole(ends[1], question, QUESTION))
            if (write(ends[1], answer, ANSWER) != ANSWER)
                return 1;
        return 0;
    }
    close(ends[1]);
    for (int i = 0; i < rounds; i++) {
        double start = now();
        if (write(ends[0], question, QUESTION) != QUESTION || !whole(ends[0], answer, ANSWER))
            return 1;
        times[i] = now() - start;
    }
    close(ends[0]);
    wait(NULL);
    qsort(times, (size_t)rounds, sizeof *times, by_size);
    printf("%.2f\n", times[rounds / 2]);
    return 0;
}
