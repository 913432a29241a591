/* semantics READER EMPTY_READER: what a program sees through libpcsclite; one line a step, "name result [bytes]". */
#include <stdio.h>
#include <string.h>
#include <winscard.h>
#include <reader.h>

static void hex(const BYTE *bytes, DWORD length)
{
    for (DWORD i = 0; i < length; i++)
        printf("%02X", bytes[i]);
}

static LONG say(const char *step, LONG rv)
{
    printf("%s %08lX", step, (unsigned long)rv & 0xFFFFFFFF);
    return rv;
}

#define STEP(step, call) do { say(step, call); printf("\n"); } while (0)

int main(int argc, char **argv)
{
    SCARDCONTEXT one, two;
    SCARDHANDLE first, second, third;
    DWORD protocol, length, state, names_length;
    BYTE bytes[65548];
    char names[4096];
    BYTE command[] = {0x80, 0x01, 0x02, 0x03, 0x02, 0xAA, 0xBB};
    SCARD_READERSTATE watched = {0};

    if (argc != 3)
        return 2;
    STEP("establish", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &one));
    STEP("establish", SCardEstablishContext(SCARD_SCOPE_USER, NULL, NULL, &two));
    STEP("valid", SCardIsValidContext(one));
    names_length = sizeof names;
    STEP("readers", SCardListReaders(one, NULL, names, &names_length));
    for (const char *name = names; *name; name += strlen(name) + 1)
        printf("reader %s\n", name);
    STEP("unknown", SCardConnect(one, "nobody", SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &first, &protocol));
    STEP("empty", SCardConnect(one, argv[2], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &first, &protocol));
    STEP("mismatch", SCardConnect(one, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, &first, &protocol));
    STEP("connect", SCardConnect(one, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &first, &protocol));
    printf("protocol %lu\n", protocol);
    length = sizeof bytes;
    if (!say("transmit", SCardTransmit(first, SCARD_PCI_T1, command, sizeof command, NULL, bytes, &length))) {
        printf(" ");
        hex(bytes, length);
    }
    printf("\n");
    length = 3;
    STEP("small", SCardTransmit(first, SCARD_PCI_T1, command, sizeof command, NULL, bytes, &length));
    length = sizeof bytes;
    STEP("wrong pci", SCardTransmit(first, SCARD_PCI_T0, command, sizeof command, NULL, bytes, &length));
    names_length = sizeof names;
    length = sizeof bytes;
    if (!say("status", SCardStatus(first, names, &names_length, &state, &protocol, bytes, &length))) {
        printf(" %s %04lX %lu ", names, state & 0xFFFF, protocol);
        hex(bytes, length);
    }
    printf("\n");
    length = MAX_BUFFER_SIZE;
    if (!say("atr", SCardGetAttrib(first, SCARD_ATTR_ATR_STRING, bytes, &length))) {
        printf(" ");
        hex(bytes, length);
    }
    printf("\n");
    length = 3;
    STEP("small attribute", SCardGetAttrib(first, SCARD_ATTR_ATR_STRING, bytes, &length));
    printf("needed %lu\n", length);
    length = MAX_BUFFER_SIZE;
    STEP("no attribute", SCardGetAttrib(first, SCARD_ATTR_MAX_CLK, bytes, &length));
    STEP("set attribute", SCardSetAttrib(first, SCARD_ATTR_MAX_CLK, bytes, 4));
    STEP("exclusive", SCardConnect(two, argv[1], SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_ANY, &second, &protocol));
    STEP("connect", SCardConnect(two, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &second, &protocol));
    STEP("begin", SCardBeginTransaction(first));
    STEP("others", SCardStatus(second, NULL, NULL, NULL, NULL, NULL, NULL));
    length = sizeof bytes;
    STEP("others", SCardTransmit(second, SCARD_PCI_T1, command, sizeof command, NULL, bytes, &length));
    STEP("end", SCardEndTransaction(first, SCARD_LEAVE_CARD));
    STEP("end again", SCardEndTransaction(first, SCARD_LEAVE_CARD));
    STEP("reset", SCardReconnect(first, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_RESET_CARD, &protocol));
    length = sizeof bytes;
    STEP("told", SCardTransmit(second, SCARD_PCI_T1, command, sizeof command, NULL, bytes, &length));
    STEP("again", SCardReconnect(second, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, SCARD_LEAVE_CARD, &protocol));
    length = sizeof bytes;
    STEP("good", SCardTransmit(second, SCARD_PCI_T1, command, sizeof command, NULL, bytes, &length));
    STEP("unpower", SCardDisconnect(second, SCARD_UNPOWER_CARD));
    length = sizeof bytes;
    STEP("told", SCardTransmit(first, SCARD_PCI_T1, command, sizeof command, NULL, bytes, &length));
    STEP("leave", SCardDisconnect(first, SCARD_LEAVE_CARD));
    STEP("gone", SCardDisconnect(first, SCARD_LEAVE_CARD));
    STEP("exclusive", SCardConnect(one, argv[1], SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_ANY, &first, &protocol));
    STEP("violation", SCardConnect(two, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &second, &protocol));
    STEP("eject", SCardDisconnect(first, SCARD_EJECT_CARD));
    STEP("direct", SCardConnect(one, argv[2], SCARD_SHARE_DIRECT, 0, &third, &protocol));
    if (!say("features", SCardControl(third, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, bytes, sizeof bytes, &length))) {
        printf(" ");
        hex(bytes, length);
    }
    printf("\n");
    STEP("no control", SCardControl(third, SCARD_CTL_CODE(1), NULL, 0, bytes, sizeof bytes, &length));
    STEP("leave", SCardDisconnect(third, SCARD_LEAVE_CARD));
    watched.szReader = argv[1];
    watched.dwCurrentState = SCARD_STATE_UNAWARE;
    STEP("change", SCardGetStatusChange(one, 1000, &watched, 1));
    printf("state %04lX\n", watched.dwEventState & 0xFFFF);
    watched.dwCurrentState = watched.dwEventState & ~SCARD_STATE_CHANGED;
    STEP("timeout", SCardGetStatusChange(one, 50, &watched, 1));
    STEP("cancel", SCardCancel(one));
    STEP("release", SCardReleaseContext(one));
    STEP("release", SCardReleaseContext(two));
    STEP("gone", SCardReleaseContext(two));
    return 0;
}
