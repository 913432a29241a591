/* comesback NAME reader|service: what a program sees of a reader that is unplugged and plugged in again, and of a service that stops and
   starts; one line a step, "name result [more]". A line "do …" asks for something to be done; a line on the standard input
   says that it is. What is to be done "while waiting" is done after that line, once this program waits for a change. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <winscard.h>
#include <reader.h>

static const char *reader;

static LONG say(const char *step, LONG rv)
{
    printf("%s %08lX", step, (unsigned long)rv & 0xFFFFFFFF);
    return rv;
}

#define STEP(step, call) do { say(step, call); printf("\n"); } while (0)

static void want(const char *what)
{
    char line[80];

    printf("do %s\n", what);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        printf("nobody\n");
}

static void transmit(const char *step, SCARDHANDLE card)
{
    BYTE command[] = {0x00, 0xB0, 0x00, 0x00, 0x04}, answer[300];
    DWORD length = sizeof answer;

    STEP(step, SCardTransmit(card, SCARD_PCI_T1, command, sizeof command, NULL, answer, &length));
}

static void list(const char *step, SCARDCONTEXT context)
{
    char names[4096];
    DWORD length = sizeof names;

    if (!say(step, SCardListReaders(context, NULL, names, &length)))
        for (const char *name = names; *name; name += strlen(name) + 1)
            printf(" %s", name);
    printf("\n");
}

static void waits(const char *step, SCARDCONTEXT context, const char *name, DWORD known)
{
    SCARD_READERSTATE state = {.szReader = name, .dwCurrentState = known};

    if (!say(step, SCardGetStatusChange(context, 20000, &state, 1)))
        printf(" %04lX", (unsigned long)state.dwEventState & 0xFFFF);
    printf("\n");
}

/* Waits until the reader is not known any more; pcscd may find it out of order first. */
static void gone(SCARDCONTEXT context, DWORD known)
{
    SCARD_READERSTATE state = {.szReader = reader, .dwEventState = known};
    LONG rv = 0;

    while (!rv && !(state.dwEventState & SCARD_STATE_UNKNOWN)) {
        state.dwCurrentState = state.dwEventState;
        rv = SCardGetStatusChange(context, 20000, &state, 1);
    }
    say("gone", rv);
    printf(" %04lX\n", (unsigned long)state.dwEventState & 0xFFFF);
}

/* Every call on a handle whose reader, or service, is not there any more. */
static void useless(SCARDHANDLE card)
{
    char name[200];
    BYTE bytes[33];
    DWORD length = sizeof name, size = sizeof bytes, state, protocol;

    transmit("transmit", card);
    STEP("status", SCardStatus(card, name, &length, &state, &protocol, bytes, &size));
    STEP("begin", SCardBeginTransaction(card));
    STEP("end", SCardEndTransaction(card, SCARD_LEAVE_CARD));
    size = sizeof bytes;
    STEP("attribute", SCardGetAttrib(card, SCARD_ATTR_ATR_STRING, bytes, &size));
    STEP("control", SCardControl(card, SCARD_CTL_CODE(3400), NULL, 0, bytes, sizeof bytes, &size));
    STEP("reconnect", SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &protocol));
}

static SCARDHANDLE connected(SCARDCONTEXT context)
{
    SCARDHANDLE card = 0;
    DWORD protocol;

    STEP("connect", SCardConnect(context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol));
    return card;
}

static void reader_goes(SCARDCONTEXT one, SCARDCONTEXT two)
{
    SCARDHANDLE first = connected(one), second = connected(two);

    transmit("transmit", first);
    want("unplug while waiting");
    waits("pnp", two, "\\\\?PnP?\\Notification", 0);
    list("list", one);
    waits("change", one, reader, 0);
    connected(one);
    useless(first);
    STEP("disconnect", SCardDisconnect(first, SCARD_RESET_CARD));

    want("plug while waiting");
    waits("pnp", two, "\\\\?PnP?\\Notification", 0);
    list("list", one);
    first = connected(one);
    transmit("transmit", first);
    transmit("old", second);
    STEP("disconnect", SCardDisconnect(second, SCARD_LEAVE_CARD));

    want("unplug while waiting");
    gone(two, SCARD_STATE_PRESENT | SCARD_STATE_INUSE);
    want("plug");
    waits("back", two, reader, SCARD_STATE_UNKNOWN);
    STEP("disconnect", SCardDisconnect(first, SCARD_LEAVE_CARD));
    first = connected(one);
    STEP("disconnect", SCardDisconnect(first, SCARD_LEAVE_CARD));
}

static void service_goes(SCARDCONTEXT one, SCARDCONTEXT two)
{
    SCARDHANDLE first = connected(one), second;

    want("stop while waiting");
    waits("stopped", two, "\\\\?PnP?\\Notification", 0);
    want("stop");
    list("list", one);
    useless(first);
    STEP("disconnect", SCardDisconnect(first, SCARD_LEAVE_CARD));
    STEP("valid", SCardIsValidContext(one));
    STEP("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &two));

    want("start");
    list("old", one);
    STEP("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &two));
    list("list", two);
    second = connected(two);
    transmit("transmit", second);
    STEP("disconnect", SCardDisconnect(second, SCARD_LEAVE_CARD));
    STEP("release", SCardReleaseContext(two));
}

int main(int argc, char **argv)
{
    SCARDCONTEXT one, two;

    if (argc != 3)
        return 2;
    reader = argv[1];
    STEP("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &one));
    STEP("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &two));
    if (!strcmp(argv[2], "reader"))
        reader_goes(one, two);
    else
        service_goes(one, two);
    return 0;
}
