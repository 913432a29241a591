/* leftovers READER: what one program leaves to the next, on a card of T=0 that opens with VERIFY and deciphers with PSO;
   one line a step, "name result [answer]". */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

static const char *reader;
static SCARDCONTEXT context;

static LONG say(const char *step, LONG rv)
{
    printf("%s %08lX", step, (unsigned long)rv & 0xFFFFFFFF);
    return rv;
}

#define STEP(step, call) do { say(step, call); printf("\n"); } while (0)

static void send(const char *step, SCARDHANDLE card, const char *hex)
{
    BYTE command[32], answer[300];
    DWORD length = sizeof answer;
    size_t size = 0;

    for (; *hex; hex += 2)
        sscanf(hex, "%2hhx", &command[size++]);
    if (!say(step, SCardTransmit(card, SCARD_PCI_T0, command, size, NULL, answer, &length))) {
        printf(" ");
        for (DWORD i = 0; i < length; i++)
            printf("%02X", answer[i]);
    }
    printf("\n");
}

static SCARDHANDLE opened(const char *step, DWORD share, DWORD protocols)
{
    SCARDHANDLE card = 0;
    DWORD protocol = 99;

    if (!say(step, SCardConnect(context, reader, share, protocols, &card, &protocol)))
        printf(" %lu", protocol);
    printf("\n");
    return card;
}

/* A program that opens the card and dies. */
static void dies(int in_transaction)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (!child) {
        SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
        SCARDHANDLE card = opened("connect", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
        if (in_transaction)
            STEP("begin", SCardBeginTransaction(card));
        send("open", card, "002000010431323334");
        send("read", card, "00B0000004");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* Until the keeper has been told of the reset, 20 s at most. */
static void told_of_reset(SCARDHANDLE keeper)
{
    struct timespec moment = {0, 10000000};
    DWORD length, state, protocol;
    LONG rv = 0;

    for (int i = 0; i < 2000 && rv != SCARD_W_RESET_CARD; i++) {
        nanosleep(&moment, NULL);
        length = 0;
        rv = SCardStatus(keeper, NULL, &length, &state, &protocol, NULL, NULL);
    }
    STEP("told", rv);
    STEP("again", SCardReconnect(keeper, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &protocol));
}

int main(int argc, char **argv)
{
    SCARDHANDLE keeper, first, second;
    DWORD protocol;

    if (argc != 2)
        return 2;
    reader = argv[1];
    STEP("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));

    /* As long as somebody has a handle the card keeps its supply. */
    keeper = opened("keeper", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
    send("closed", keeper, "00B0000004");
    dies(0);
    /* Time for the service to notice; nothing that is seen depends on it. */
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    send("still open", keeper, "00B0000004");
    dies(1);
    told_of_reset(keeper);
    send("closed", keeper, "00B0000004");

    send("open", keeper, "002000010431323334");
    first = opened("first", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
    second = opened("second", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
    send("decipher", first, "002A8086020102");
    send("other fetches", second, "00C0000004");
    STEP("begin", SCardBeginTransaction(first));
    send("decipher", first, "002A8086020102");
    send("other may not", second, "00C0000004");
    send("first fetches", first, "00C0000004");
    STEP("end", SCardEndTransaction(first, SCARD_RESET_CARD));
    send("told", second, "00C0000004");
    STEP("again", SCardReconnect(second, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &protocol));
    send("nothing waits", second, "00C0000004");
    STEP("leave", SCardDisconnect(first, SCARD_LEAVE_CARD));
    STEP("leave", SCardDisconnect(keeper, SCARD_LEAVE_CARD));

    /* RAW stays until the next reset. */
    STEP("unpower", SCardDisconnect(second, SCARD_UNPOWER_CARD));
    first = opened("raw", SCARD_SHARE_DIRECT, SCARD_PROTOCOL_RAW);
    STEP("leave", SCardDisconnect(first, SCARD_LEAVE_CARD));
    opened("mismatch", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
    opened("mismatch", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
    first = opened("direct", SCARD_SHARE_DIRECT, 0);
    STEP("reset", SCardReconnect(first, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_RESET_CARD, &protocol));
    printf("protocol %lu\n", protocol);
    STEP("leave", SCardDisconnect(first, SCARD_LEAVE_CARD));
    first = opened("connect", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY);
    STEP("leave", SCardDisconnect(first, SCARD_LEAVE_CARD));
    STEP("release", SCardReleaseContext(context));
    return 0;
}
