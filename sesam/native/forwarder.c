/*
 * The libraries that health software loads, as a thin forwarder: each function puts its parameters into a message, sends
 * it to the process of "bifente sesam serve", and gives back what that answers. Nothing is decided here.
 *
 * One source makes all libraries: SESAM_LIB_GALCL, _GALIN, _SSV, _SGD, _SRT, _STS, _HN or _MICA says which functions.
 *
 * A message: its size (4 bytes, little-endian, not counted itself), the number of the call (2), the number of fields (1),
 * and of each field its size (4; FFFFFFFF for a null pointer) and its bytes. An answer: size (4), code (2), number of
 * fields (1), fields. The first message of a connection is Hello, which has no answer.
 *
 * Threads share a few connections, each of which carries one call at a time; a fork makes new ones.
 */
#ifndef _WIN32
#define _GNU_SOURCE
#endif
#define BIFENTE_BUILDING
#include "bifente_sesam.h"
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef _WIN32
#include <winsock2.h>
#include <process.h>
#include <windows.h>
typedef SOCKET wire;
#define NO_WIRE INVALID_SOCKET
#define close_wire closesocket
#define own_pid() ((uint32_t)_getpid())
#define environment(name) getenv(name)
#define NO_SIGNAL 0
static CRITICAL_SECTION pool_lock;
#define lock_pool() EnterCriticalSection(&pool_lock)
#define unlock_pool() LeaveCriticalSection(&pool_lock)
#else
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
typedef int wire;
#define NO_WIRE (-1)
#define close_wire close
#define own_pid() ((uint32_t)getpid())
#define environment(name) secure_getenv(name)
#define NO_SIGNAL MSG_NOSIGNAL
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
#define lock_pool() pthread_mutex_lock(&pool_lock)
#define unlock_pool() pthread_mutex_unlock(&pool_lock)
#endif

enum {
    GALSS_TRANSMISSION = 0x0200, /* the server went away during the call */
    GALSS_TIMEOUT = 0x0400,
    GALSS_PARAMETER = 0x4000,
    GALSS_NO_SERVER = 0x8002,
    GALSS_MEMORY = 0x0001,
    MOST_FIELDS = 12,
    MOST_IDLE = 8,
    SECONDS = 150, /* longer than whatever the server waits for */
    LARGEST = 16 * 1024 * 1024,
};

#define ABSENT 0xFFFFFFFFu

/* What not every library needs. */
#define SHARED static __attribute__((unused))

/* -- parameters */

struct field {
    const void *bytes;
    size_t size;
    unsigned char number[4];
    int is_number;
};

struct answer {
    sesam_code code;
    unsigned char *buffer;
    unsigned count;
    const unsigned char *bytes[MOST_FIELDS];
    uint32_t size[MOST_FIELDS];
};

static void put32(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
    at[2] = (unsigned char)(value >> 16);
    at[3] = (unsigned char)(value >> 24);
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

SHARED struct field bytes_of(const void *bytes, size_t size)
{
    struct field made = {bytes, bytes == NULL ? 0 : size, {0}, 0};
    return made;
}

SHARED struct field text(const char *text)
{
    return bytes_of(text, text == NULL ? 0 : strlen(text));
}

SHARED struct field number(uint32_t value)
{
    struct field made = {NULL, 4, {0}, 1};
    put32(made.number, value);
    return made;
}

/* -- connections */

static wire idle[MOST_IDLE];
static unsigned idle_count;
static int initialised; /* what SSV_InitLIB has achieved outlives a server and a fork, as a library's own memory does */

static void drop_idle(void)
{
    while (idle_count != 0)
        close_wire(idle[--idle_count]);
}

#ifdef _WIN32
static int started;

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)module;
    if (reason == DLL_PROCESS_ATTACH)
        InitializeCriticalSection(&pool_lock);
    if (reason == DLL_PROCESS_DETACH && reserved == NULL) {
        drop_idle();
        if (started)
            WSACleanup();
    }
    return TRUE;
}
#else
static void before_fork(void) { lock_pool(); }
static void in_parent(void) { unlock_pool(); }
static void in_child(void)
{
    drop_idle(); /* our ends only: the parent keeps its own */
    unlock_pool();
}

__attribute__((constructor)) static void loaded(void) { pthread_atfork(before_fork, in_parent, in_child); }
__attribute__((destructor)) static void unloaded(void) { drop_idle(); }
#endif

static void wait_at_most(wire to)
{
#ifdef _WIN32
    DWORD most = SECONDS * 1000;
#else
    struct timeval most = {SECONDS, 0};
#endif
    setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, (const char *)&most, sizeof most);
    setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, (const char *)&most, sizeof most);
}

static wire dial_loopback(const char *port)
{
    struct sockaddr_in address;
    int now = 1;
    wire to;
#ifdef _WIN32
    if (!started) {
        WSADATA ignored;
        if (WSAStartup(MAKEWORD(2, 2), &ignored) != 0)
            return NO_WIRE;
        started = 1;
    }
    to = socket(AF_INET, SOCK_STREAM, 0);
#else
    to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
#endif
    if (to == NO_WIRE)
        return NO_WIRE;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)strtoul(port, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(to, IPPROTO_TCP, 1 /* TCP_NODELAY */, (const char *)&now, sizeof now);
    if (connect(to, (struct sockaddr *)&address, sizeof address) != 0) {
        close_wire(to);
        return NO_WIRE;
    }
    return to;
}

#ifndef _WIN32
static int default_path(char *path, size_t size)
{
    const char *runtime = environment("XDG_RUNTIME_DIR");
    const char *temporary = environment("TMPDIR");
    int length;
    if (runtime != NULL && runtime[0] == '/' && access(runtime, F_OK) == 0)
        length = snprintf(path, size, "%s/bifente/sesam.comm", runtime);
    else
        length = snprintf(path, size, "%s/bifente-%u/sesam.comm", temporary != NULL ? temporary : "/tmp",
                          (unsigned)getuid());
    return length > 0 && (size_t)length < size;
}

static wire dial_path(const char *path)
{
    struct sockaddr_un address;
    wire to;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (path != NULL) {
        if (strlen(path) >= sizeof address.sun_path)
            return NO_WIRE;
        strcpy(address.sun_path, path);
    } else if (!default_path(address.sun_path, sizeof address.sun_path)) {
        return NO_WIRE;
    }
    to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (to == NO_WIRE)
        return NO_WIRE;
    while (connect(to, (struct sockaddr *)&address, sizeof address) != 0) {
        if (errno != EINTR) {
            close_wire(to);
            return NO_WIRE;
        }
    }
    return to;
}
#endif

static int send_all(wire to, const unsigned char *bytes, size_t size)
{
    while (size != 0) {
        int sent = (int)send(to, (const char *)bytes, (int)(size > LARGEST ? LARGEST : size), NO_SIGNAL);
        if (sent <= 0) {
#ifndef _WIN32
            if (sent < 0 && errno == EINTR)
                continue;
#endif
            return 0;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
    return 1;
}

static sesam_code receive(wire from, unsigned char *bytes, size_t size)
{
    while (size != 0) {
        int got = (int)recv(from, (char *)bytes, (int)(size > LARGEST ? LARGEST : size), 0);
        if (got <= 0) {
#ifdef _WIN32
            if (got < 0 && WSAGetLastError() == WSAETIMEDOUT)
                return GALSS_TIMEOUT;
#else
            if (got < 0 && errno == EINTR)
                continue;
            if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                return GALSS_TIMEOUT;
#endif
            return GALSS_TRANSMISSION;
        }
        bytes += got;
        size -= (size_t)got;
    }
    return 0;
}

static unsigned char *message_of(unsigned call, const struct field *fields, unsigned count, size_t *size)
{
    size_t body = 3;
    unsigned char *made, *at;
    unsigned i;
    for (i = 0; i < count; i++) {
        if (fields[i].size > LARGEST || body > LARGEST)
            return NULL;
        body += 4 + fields[i].size;
    }
    made = malloc(4 + body);
    if (made == NULL)
        return NULL;
    put32(made, (uint32_t)body);
    made[4] = (unsigned char)call;
    made[5] = (unsigned char)(call >> 8);
    made[6] = (unsigned char)count;
    at = made + 7;
    for (i = 0; i < count; i++) {
        const void *bytes = fields[i].is_number ? fields[i].number : fields[i].bytes;
        put32(at, bytes == NULL ? ABSENT : (uint32_t)fields[i].size);
        at += 4;
        if (fields[i].size != 0 && bytes != NULL)
            memcpy(at, bytes, fields[i].size);
        at += fields[i].size;
    }
    *size = 4 + body;
    return made;
}

static void wipe(unsigned char *bytes, size_t size)
{
    volatile unsigned char *at = bytes;
    while (size-- != 0)
        *at++ = 0;
}

/* A new connection that has said Hello: who calls, and the token where the server listens on loopback. */
static wire dial(void)
{
    const char *place = environment("BIFENTE_SESAM");
    const char *token = environment("BIFENTE_SESAM_TOKEN");
    struct field hello[4];
    unsigned char *message;
    size_t size;
    int sent;
    wire to;
    if (place != NULL && strncmp(place, "tcp:", 4) == 0)
        to = dial_loopback(place + 4);
    else
#ifdef _WIN32
        to = NO_WIRE;
#else
        to = dial_path(place);
#endif
    if (to == NO_WIRE)
        return NO_WIRE;
    wait_at_most(to);
    hello[0] = text("BFS1");
    hello[1] = number(own_pid());
    hello[2] = number((uint32_t)initialised);
    hello[3] = text(token == NULL ? "" : token);
    message = message_of(CALL_Hello, hello, 4, &size);
    sent = message != NULL && send_all(to, message, size);
    if (message != NULL)
        wipe(message, size);
    free(message);
    if (!sent) {
        close_wire(to);
        return NO_WIRE;
    }
    return to;
}

/* The server that this connection went to is still there, and has nothing to say of its own. */
static int is_fresh(wire one)
{
#ifdef _WIN32
    fd_set readable;
    struct timeval now = {0, 0};
    FD_ZERO(&readable);
    FD_SET(one, &readable);
    return select(0, &readable, NULL, NULL, &now) == 0;
#else
    struct pollfd asked = {one, POLLIN, 0};
    return poll(&asked, 1, 0) == 0;
#endif
}

static wire take_wire(int *is_new)
{
    wire found = NO_WIRE;
    *is_new = 0;
    lock_pool();
    while (idle_count != 0 && found == NO_WIRE) {
        found = idle[--idle_count];
        if (!is_fresh(found)) {
            close_wire(found);
            found = NO_WIRE;
        }
    }
    unlock_pool();
    if (found != NO_WIRE)
        return found;
    *is_new = 1;
    return dial();
}

static void give_back(wire one, uint32_t taken_by)
{
    lock_pool();
    if (idle_count < MOST_IDLE && taken_by == own_pid()) {
        idle[idle_count++] = one;
        one = NO_WIRE;
    }
    unlock_pool();
    if (one != NO_WIRE)
        close_wire(one);
}

/* -- calls */

static FILE *trace;

static double milliseconds(void)
{
#ifdef _WIN32
    return (double)GetTickCount();
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
#endif
}

static void traced(const char *name, sesam_code code, double began)
{
    time_t now = time(NULL);
    struct tm *local = localtime(&now);
    if (trace != NULL && local != NULL) {
        fprintf(trace, "%02d:%02d:%02d %s %04X %.1f ms\n", local->tm_hour, local->tm_min, local->tm_sec, name, code,
                milliseconds() - began);
        fflush(trace);
    }
}

static const char *name_of(unsigned call)
{
    switch (call) {
#define SESAM_NAME(number, name) \
    case number:                 \
        return #name;
        SESAM_CALLS(SESAM_NAME)
#undef SESAM_NAME
    default:
        return "?";
    }
}

static sesam_code read_answer(wire from, struct answer *answer)
{
    unsigned char head[4];
    uint32_t size, at = 3;
    unsigned i;
    sesam_code failed = receive(from, head, 4);
    if (failed)
        return failed;
    size = get32(head);
    if (size < 3 || size > LARGEST)
        return GALSS_TRANSMISSION;
    answer->buffer = malloc(size);
    if (answer->buffer == NULL)
        return GALSS_MEMORY;
    failed = receive(from, answer->buffer, size);
    if (failed)
        return failed;
    answer->code = (sesam_code)(answer->buffer[0] | answer->buffer[1] << 8);
    answer->count = answer->buffer[2];
    if (answer->count > MOST_FIELDS)
        return GALSS_TRANSMISSION;
    for (i = 0; i < answer->count; i++) {
        uint32_t length;
        if (size - at < 4)
            return GALSS_TRANSMISSION;
        length = get32(answer->buffer + at);
        at += 4;
        if (length > size - at)
            return GALSS_TRANSMISSION;
        answer->bytes[i] = answer->buffer + at;
        answer->size[i] = length;
        at += length;
    }
    return 0;
}

static void done(struct answer *answer)
{
    free(answer->buffer);
    answer->buffer = NULL;
    answer->count = 0;
}

/* Ask the server. Whatever the code, done() is to be called with the answer. */
static sesam_code call(unsigned which, const struct field *fields, unsigned count, struct answer *answer)
{
    double began = trace == NULL ? 0 : milliseconds();
    uint32_t pid = own_pid();
    unsigned char *message;
    size_t size = 0;
    sesam_code failed;
    int is_new;
    wire to;
    memset(answer, 0, sizeof *answer);
    message = message_of(which, fields, count, &size);
    if (message == NULL)
        return answer->code = GALSS_PARAMETER;
    to = take_wire(&is_new);
    if (to == NO_WIRE) {
        failed = GALSS_NO_SERVER;
    } else if (!send_all(to, message, size)) {
        close_wire(to);
        failed = GALSS_TRANSMISSION;
    } else {
        failed = read_answer(to, answer);
        if (failed)
            close_wire(to); /* an answer that still comes is nobody's */
        else
            give_back(to, pid);
        if (failed == GALSS_TRANSMISSION && is_new && answer->buffer == NULL)
            failed = GALSS_NO_SERVER; /* whoever listens there has not taken our hello */
    }
    wipe(message, size);
    free(message);
    if (failed) {
        answer->count = 0;
        answer->code = failed;
    }
    traced(name_of(which), answer->code, began);
    return answer->code;
}

SHARED sesam_code simple(unsigned which, const struct field *fields, unsigned count)
{
    struct answer answer;
    sesam_code code = call(which, fields, count, &answer);
    done(&answer);
    return code;
}

SHARED uint32_t number_in(const struct answer *answer, unsigned field)
{
    return field < answer->count && answer->size[field] == 4 ? get32(answer->bytes[field]) : 0;
}

/* Copies a text of the answer with its terminator; the caller's buffer is as large as the interface says. */
SHARED void text_out(const struct answer *answer, unsigned field, char *to)
{
    if (to != NULL && field < answer->count) {
        memcpy(to, answer->bytes[field], answer->size[field]);
        to[answer->size[field]] = '\0';
    }
}

#if defined(SESAM_LIB_SSV) || defined(SESAM_LIB_SRT) || defined(SESAM_LIB_STS)
/* A zone of the answer in memory of its own, for SSV_LibererZoneMem. */
static sesam_code zone_out(struct answer *answer, unsigned field, void **zone, size_t *size)
{
    *zone = NULL;
    *size = 0;
    if (answer->code == 0 && field < answer->count) {
        *zone = malloc(answer->size[field] == 0 ? 1 : answer->size[field]);
        if (*zone == NULL)
            return GALSS_MEMORY;
        memcpy(*zone, answer->bytes[field], answer->size[field]);
        *size = answer->size[field];
    }
    return answer->code;
}

static sesam_code with_zone(unsigned which, const struct field *fields, unsigned count, void **zone, size_t *size)
{
    struct answer answer;
    sesam_code code;
    if (zone == NULL || size == NULL)
        return GALSS_PARAMETER;
    call(which, fields, count, &answer);
    code = zone_out(&answer, 0, zone, size);
    done(&answer);
    return code;
}
#endif

#if defined(SESAM_LIB_SSV) || defined(SESAM_LIB_SGD)
static sesam_code init_trace(const char *file, const char *mode, unsigned char level)
{
    enum { WRONG_MODULE = 0xD200, CANNOT_OPEN = 0xD201 };
    if (trace != NULL) {
        fclose(trace);
        trace = NULL;
    }
    if (level == 0)
        return 0;
    if (file == NULL || mode == NULL || (mode[0] != 'w' && mode[0] != 'a'))
        return WRONG_MODULE;
    trace = fopen(file, mode[0] == 'w' ? "w" : "a");
    return trace == NULL ? CANNOT_OPEN : 0;
}
#endif

#define CALL0(name) simple(CALL_##name, NULL, 0)
#define FIELDS(...) \
    const struct field fields[] = {__VA_ARGS__}
#define COUNT (sizeof fields / sizeof fields[0])

/* -- GALSS client */

#ifdef SESAM_LIB_GALCL
sesam_code SESAM_CALL OuvrirSession(const char *application, const char *resource, sesam_number *session,
                                    unsigned char *lad)
{
    FIELDS(text(application), text(resource));
    struct answer answer;
    sesam_code code;
    if (session == NULL || lad == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_OuvrirSession, fields, COUNT, &answer);
    if (code == 0) {
        *session = (sesam_number)number_in(&answer, 0);
        *lad = (unsigned char)number_in(&answer, 1);
    }
    done(&answer);
    return code;
}

sesam_code SESAM_CALL FermerSession(sesam_number session, sesam_number *exclusivity)
{
    FIELDS(number(session));
    struct answer answer;
    sesam_code code = call(CALL_FermerSession, fields, COUNT, &answer);
    if (exclusivity != NULL && answer.count != 0)
        *exclusivity = (sesam_number)number_in(&answer, 0);
    done(&answer);
    return code;
}

sesam_code SESAM_CALL DebutExclusivite(const char *resources, char *application, char *resource,
                                       sesam_number *exclusivity)
{
    FIELDS(text(resources));
    struct answer answer;
    sesam_code code;
    if (exclusivity == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_DebutExclusivite, fields, COUNT, &answer);
    if (code == 0)
        *exclusivity = (sesam_number)number_in(&answer, 0);
    text_out(&answer, 1, application);
    text_out(&answer, 2, resource);
    done(&answer);
    return code;
}

sesam_code SESAM_CALL FinExclusivite(sesam_number exclusivity)
{
    FIELDS(number(exclusivity));
    return simple(CALL_FinExclusivite, fields, COUNT);
}

sesam_code SESAM_CALL EcritContexte(sesam_number place, sesam_number session, const void *context,
                                    const sesam_number *size)
{
    FIELDS(number(place), number(session), bytes_of(context, size == NULL ? 0 : *size));
    return size == NULL ? GALSS_PARAMETER : simple(CALL_EcritContexte, fields, COUNT);
}

sesam_code SESAM_CALL LitContexte(sesam_number place, sesam_number session, void *context, sesam_number *size)
{
    struct answer answer;
    sesam_code code;
    if (context == NULL || size == NULL)
        return GALSS_PARAMETER;
    {
        FIELDS(number(place), number(session), number(*size));
        code = call(CALL_LitContexte, fields, COUNT, &answer);
    }
    if (answer.count > 1) {
        if (code == 0 && answer.size[1] <= *size)
            memcpy(context, answer.bytes[1], answer.size[1]);
        *size = (sesam_number)number_in(&answer, 0);
    }
    done(&answer);
    return code;
}

sesam_code SESAM_CALL Echange(sesam_number session, sesam_number seconds, const char *message,
                              const uint32_t *message_size, char *response, uint32_t *response_size)
{
    struct answer answer;
    sesam_code code;
    if (message == NULL || message_size == NULL || response == NULL || response_size == NULL)
        return GALSS_PARAMETER;
    {
        FIELDS(number(session), number(seconds), bytes_of(message, *message_size), number(*response_size));
        code = call(CALL_Echange, fields, COUNT, &answer);
    }
    if (answer.count > 1) {
        if (code == 0 && answer.size[1] <= *response_size)
            memcpy(response, answer.bytes[1], answer.size[1]);
        *response_size = number_in(&answer, 0);
    }
    done(&answer);
    return code;
}

sesam_code SESAM_CALL LireVersion(char *version, sesam_number *count, sesam_component *components)
{
    struct answer answer;
    sesam_code code;
    if (version == NULL || count == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_LireVersion, NULL, 0, &answer);
    if (code == 0 && answer.count > 1) {
        text_out(&answer, 0, version);
        *count = (sesam_number)(answer.size[1] / sizeof *components);
        if (components != NULL)
            memcpy(components, answer.bytes[1], *count * sizeof *components);
    }
    done(&answer);
    return code;
}
#endif

/* -- GALSS information */

#ifdef SESAM_LIB_GALIN
sesam_code SESAM_CALL DonneNombreRessources(sesam_number *count)
{
    struct answer answer;
    sesam_code code;
    if (count == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_DonneNombreRessources, NULL, 0, &answer);
    if (code == 0)
        *count = (sesam_number)number_in(&answer, 0);
    done(&answer);
    return code;
}

sesam_code SESAM_CALL DonneTableRessources(sesam_resource *table, sesam_number *count)
{
    struct answer answer;
    sesam_code code;
    if (table == NULL || count == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_DonneTableRessources, NULL, 0, &answer);
    if (code == 0 && answer.count != 0) {
        *count = (sesam_number)(answer.size[0] / sizeof *table);
        memcpy(table, answer.bytes[0], *count * sizeof *table);
    }
    done(&answer);
    return code;
}
#endif

/* -- SSV and SIS */

#ifdef SESAM_LIB_SSV
static sesam_code init(unsigned which, const struct field *fields, unsigned count)
{
    sesam_code code = simple(which, fields, count);
    if (code == 0)
        initialised = 1;
    return code;
}

static sesam_code term(unsigned which)
{
    sesam_code code = simple(which, NULL, 0);
    if (code == 0)
        initialised = 0;
    return code;
}

/* Zones of an array as one field: of each its size (4 bytes) and its bytes. Freed by the caller. */
static unsigned char *packed(short count, void **zones, const size_t *sizes, size_t *size)
{
    unsigned char *made, *at;
    short i;
    *size = 0;
    if (count < 0 || (count > 0 && (zones == NULL || sizes == NULL)))
        return NULL;
    for (i = 0; i < count; i++) {
        if (sizes[i] > LARGEST || *size > LARGEST || (zones[i] == NULL && sizes[i] != 0))
            return NULL;
        *size += 4 + sizes[i];
    }
    made = at = malloc(*size == 0 ? 1 : *size);
    for (i = 0; made != NULL && i < count; i++) {
        put32(at, (uint32_t)sizes[i]);
        if (sizes[i] != 0)
            memcpy(at + 4, zones[i], sizes[i]);
        at += 4 + sizes[i];
    }
    return made;
}

/* A call with an array of zones behind the other parameters, and perhaps a number of zones and a zone of output. */
static sesam_code with_array(unsigned which, const struct field *before, unsigned known, short count, void **in,
                             const size_t *in_sizes, short *made, void **zone, size_t *size)
{
    struct field fields[MOST_FIELDS];
    struct answer answer;
    size_t length;
    sesam_code code;
    unsigned char *array = packed(count, in, in_sizes, &length);
    if (array == NULL)
        return GALSS_PARAMETER;
    if (known != 0)
        memcpy(fields, before, known * sizeof *before);
    fields[known] = bytes_of(array, length);
    code = call(which, fields, known + 1, &answer);
    free(array);
    if (zone != NULL && size != NULL)
        code = zone_out(&answer, 0, zone, size);
    if (made != NULL)
        *made = (short)number_in(&answer, 1);
    done(&answer);
    return code;
}

sesam_code SESAM_CALL SSV_InitLIB(void) { return init(CALL_SSV_InitLIB, NULL, 0); }

sesam_code SESAM_CALL SSV_InitLIB2(const char *sesam_ini)
{
    FIELDS(text(sesam_ini));
    return init(CALL_SSV_InitLIB2, fields, COUNT);
}

sesam_code SESAM_CALL SSV_TermLIB(void) { return term(CALL_SSV_TermLIB); }

sesam_code SESAM_CALL SSV_AllouerZoneMem(void **zone, size_t size)
{
    if (zone == NULL)
        return GALSS_PARAMETER;
    *zone = calloc(1, size == 0 ? 1 : size);
    return *zone == NULL ? GALSS_MEMORY : 0;
}

void SESAM_CALL SSV_LibererZoneMem(void *zone) { free(zone); }

sesam_code SESAM_CALL SSV_InitTrace(char *file, char *mode, unsigned short module, unsigned char level)
{
    (void)module;
    return init_trace(file, mode, level);
}

sesam_code SESAM_CALL SSV_LireConfig(void **zone, size_t *size)
{
    return with_zone(CALL_SSV_LireConfig, NULL, 0, zone, size);
}

sesam_code SESAM_CALL SSV_LireCartePS(const char *ps, const char *reader, const char *pin, void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin));
    return with_zone(CALL_SSV_LireCartePS, fields, COUNT, zone, size);
}

sesam_code SESAM_CALL SSV_LireDroitsVitale(const char *ps, const char *reader, const char *pin, const char *date,
                                           void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin), text(date));
    return with_zone(CALL_SSV_LireDroitsVitale, fields, COUNT, zone, size);
}

sesam_code SESAM_CALL SSV_FormaterFactures(const char *ps, const char *reader, const char *pin, char facture_a_creer,
                                           char mode_secur, void *in, size_t in_size, void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin), number((unsigned char)facture_a_creer), number((unsigned char)mode_secur),
           bytes_of(in, in_size));
    return with_zone(CALL_SSV_FormaterFactures, fields, COUNT, zone, size);
}

sesam_code SESAM_CALL SSV_FormaterLot(const char *ps, const char *reader, const char *pin, short count, void **in,
                                      size_t *in_sizes, short *made, void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin));
    return zone == NULL || size == NULL
               ? GALSS_PARAMETER
               : with_array(CALL_SSV_FormaterLot, fields, COUNT, count, in, in_sizes, made, zone, size);
}

sesam_code SESAM_CALL SSV_FormaterFichier(void *in, size_t in_size, void **zone, size_t *size)
{
    FIELDS(bytes_of(in, in_size));
    return with_zone(CALL_SSV_FormaterFichier, fields, COUNT, zone, size);
}

sesam_code SESAM_CALL SSV_TraduireFSE(void *in, size_t in_size, void **zone, size_t *size)
{
    FIELDS(bytes_of(in, in_size));
    return with_zone(CALL_SSV_TraduireFSE, fields, COUNT, zone, size);
}

sesam_code SESAM_CALL SSV_TraduireARL(short count, void **in, size_t *in_sizes, void **zone, size_t *size)
{
    return zone == NULL || size == NULL
               ? GALSS_PARAMETER
               : with_array(CALL_SSV_TraduireARL, NULL, 0, count, in, in_sizes, NULL, zone, size);
}

sesam_code SESAM_CALL SSV_SecuriserFacture(const char *ps, const char *reader, const char *pin, char situation,
                                           const char *facture, void *in, size_t in_size, void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin), number((unsigned char)situation), text(facture), bytes_of(in, in_size));
    return with_zone(CALL_SSV_SecuriserFacture, fields, COUNT, zone, size);
}

static sesam_code date_out(unsigned which, const char *reader, char *date)
{
    FIELDS(text(reader));
    struct answer answer;
    sesam_code code;
    if (date == NULL)
        return GALSS_PARAMETER;
    code = call(which, fields, COUNT, &answer);
    text_out(&answer, 0, date);
    done(&answer);
    return code;
}

static sesam_code date_in(unsigned which, const char *reader, const char *date)
{
    FIELDS(text(reader), text(date));
    return simple(which, fields, COUNT);
}

sesam_code SESAM_CALL SSV_LireDateLecteur(const char *reader, char *date)
{
    return date_out(CALL_SSV_LireDateLecteur, reader, date);
}

sesam_code SESAM_CALL SSV_MajDateLecteur(const char *reader, const char *date)
{
    return date_in(CALL_SSV_MajDateLecteur, reader, date);
}

sesam_code SESAM_CALL SSV_IdentifierTLA(const char *reader, const char *version, void **zone, size_t *size)
{
    FIELDS(text(reader), text(version));
    return with_zone(CALL_SSV_IdentifierTLA, fields, COUNT, zone, size);
}

sesam_code SESAM_CALL SSV_ChargerFacturesPdT(const char *reader, const char *facture, short count, void **in,
                                             size_t *in_sizes, short *made, void **zone, size_t *size)
{
    FIELDS(text(reader), text(facture));
    return with_array(CALL_SSV_ChargerFacturesPdT, fields, COUNT, count, in, in_sizes, made, zone, size);
}

sesam_code SESAM_CALL SSV_DechargerFacturesPdT(const char *ps, const char *reader, const char *pin,
                                               const char *facture, short count, void **in, size_t *in_sizes,
                                               short *made, void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin), text(facture));
    return with_array(CALL_SSV_DechargerFacturesPdT, fields, COUNT, count, in, in_sizes, made, zone, size);
}

sesam_code SESAM_CALL SSV_DechargerFSETLA(const char *ps, const char *reader, const char *pin, const char *facture,
                                          short *made, void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin), text(facture));
    return with_array(CALL_SSV_DechargerFSETLA, fields, COUNT, 0, NULL, NULL, made, zone, size);
}

sesam_code SESAM_CALL SSV_DechargerBeneficiaires(const char *ps, const char *reader, const char *pin,
                                                 const char *facture, short *made, void **zone, size_t *size)
{
    FIELDS(text(ps), text(reader), text(pin), text(facture));
    return with_array(CALL_SSV_DechargerBeneficiaires, fields, COUNT, 0, NULL, NULL, made, zone, size);
}

sesam_code SESAM_CALL SSV_EffacerTLA(const char *ps, const char *reader, const char *pin, const char *facture,
                                     const char *kind)
{
    FIELDS(text(ps), text(reader), text(pin), text(facture), text(kind));
    return simple(CALL_SSV_EffacerTLA, fields, COUNT);
}

sesam_code SESAM_CALL SSV_ChargerAppli(const char *reader, short count, void **in, size_t *in_sizes)
{
    FIELDS(text(reader));
    return with_array(CALL_SSV_ChargerAppli, fields, COUNT, count, in, in_sizes, NULL, NULL, NULL);
}

sesam_code SESAM_CALL SSV_ChargerDonneesTLA(const char *reader, short count, void **in, size_t *in_sizes)
{
    FIELDS(text(reader));
    return with_array(CALL_SSV_ChargerDonneesTLA, fields, COUNT, count, in, in_sizes, NULL, NULL, NULL);
}

sesam_code SESAM_CALL SIS_InitLIB(void) { return init(CALL_SIS_InitLIB, NULL, 0); }

sesam_code SESAM_CALL SIS_TermLIB(void) { return term(CALL_SIS_TermLIB); }

sesam_code SESAM_CALL SIS_LireConfig(sesam_number session)
{
    FIELDS(number(session));
    return simple(CALL_SIS_LireConfig, fields, COUNT);
}

sesam_code SESAM_CALL SIS_LireCartePS(const char *ps, const char *reader, const char *pin, sesam_number session)
{
    FIELDS(text(ps), text(reader), text(pin), number(session));
    return simple(CALL_SIS_LireCartePS, fields, COUNT);
}

sesam_code SESAM_CALL SIS_LireDroitsVitale(const char *ps, const char *reader, const char *pin, const char *date,
                                           sesam_number session)
{
    FIELDS(text(ps), text(reader), text(pin), text(date), number(session));
    return simple(CALL_SIS_LireDroitsVitale, fields, COUNT);
}

sesam_code SESAM_CALL SIS_FormaterFactures(const char *ps, const char *reader, const char *pin, char facture_a_creer,
                                           char mode_secur, sesam_number session)
{
    FIELDS(text(ps), text(reader), text(pin), number((unsigned char)facture_a_creer), number((unsigned char)mode_secur),
           number(session));
    return simple(CALL_SIS_FormaterFactures, fields, COUNT);
}

sesam_code SESAM_CALL SIS_FormaterLot(const char *ps, const char *reader, const char *pin, sesam_number session)
{
    FIELDS(text(ps), text(reader), text(pin), number(session));
    return simple(CALL_SIS_FormaterLot, fields, COUNT);
}

sesam_code SESAM_CALL SIS_FormaterFichier(sesam_number session)
{
    FIELDS(number(session));
    return simple(CALL_SIS_FormaterFichier, fields, COUNT);
}

sesam_code SESAM_CALL SIS_TraduireFSE(sesam_number session)
{
    FIELDS(number(session));
    return simple(CALL_SIS_TraduireFSE, fields, COUNT);
}

sesam_code SESAM_CALL SIS_TraduireARL(sesam_number session)
{
    FIELDS(number(session));
    return simple(CALL_SIS_TraduireARL, fields, COUNT);
}

sesam_code SESAM_CALL SIS_SecuriserFacture(const char *ps, const char *reader, const char *pin, char situation,
                                           const char *facture, sesam_number session)
{
    FIELDS(text(ps), text(reader), text(pin), number((unsigned char)situation), text(facture), number(session));
    return simple(CALL_SIS_SecuriserFacture, fields, COUNT);
}

sesam_code SESAM_CALL SIS_LireDateLecteur(const char *reader, char *date)
{
    return date_out(CALL_SIS_LireDateLecteur, reader, date);
}

sesam_code SESAM_CALL SIS_MajDateLecteur(const char *reader, const char *date)
{
    return date_in(CALL_SIS_MajDateLecteur, reader, date);
}
#endif

/* -- SGD */

#ifdef SESAM_LIB_SGD
enum { SGD_WRONG_OUTPUT = 0xF800, SGD_NO_MEMORY = 0xF801, SGD_WRONG_INPUT = 0xF802 };

sesam_code SESAM_CALL SGD_ReserverSession(size_t size, sesam_number *session)
{
    FIELDS(number(size > LARGEST ? ABSENT : (uint32_t)size));
    struct answer answer;
    sesam_code code;
    if (session == NULL)
        return SGD_WRONG_OUTPUT;
    code = call(CALL_SGD_ReserverSession, fields, COUNT, &answer);
    if (code == 0)
        *session = (sesam_number)number_in(&answer, 0);
    done(&answer);
    return code;
}

sesam_code SESAM_CALL SGD_RedimensionnerBuffer(sesam_number session, size_t size)
{
    FIELDS(number(session), number(size > LARGEST ? ABSENT : (uint32_t)size));
    return simple(CALL_SGD_RedimensionnerBuffer, fields, COUNT);
}

sesam_code SESAM_CALL SGD_LibererSession(sesam_number session)
{
    FIELDS(number(session));
    return simple(CALL_SGD_LibererSession, fields, COUNT);
}

sesam_code SESAM_CALL SGD_AjouterGroupe(sesam_number session, unsigned short group)
{
    FIELDS(number(session), number(group));
    return simple(CALL_SGD_AjouterGroupe, fields, COUNT);
}

sesam_code SESAM_CALL SGD_AjouterChamp(sesam_number session, const char *value)
{
    FIELDS(number(session), text(value));
    return simple(CALL_SGD_AjouterChamp, fields, COUNT);
}

sesam_code SESAM_CALL SGD_AjouterChampBin(sesam_number session, const char *bytes, size_t size)
{
    FIELDS(number(session), bytes_of(bytes, size));
    return simple(CALL_SGD_AjouterChampBin, fields, COUNT);
}

sesam_code SESAM_CALL SGD_AjouterChampFichier(sesam_number session, const char *name)
{
    enum { MOST = 65535 };
    FILE *file = name == NULL ? NULL : fopen(name, "rb");
    char *content;
    size_t size;
    sesam_code code;
    if (file == NULL)
        return SGD_WRONG_INPUT;
    content = malloc(MOST + 1);
    if (content == NULL) {
        fclose(file);
        return SGD_NO_MEMORY;
    }
    size = fread(content, 1, MOST + 1, file);
    code = ferror(file) || size > MOST ? SGD_WRONG_INPUT : SGD_AjouterChampBin(session, content, size);
    fclose(file);
    free(content);
    return code;
}

sesam_code SESAM_CALL SGD_LireGroupeSuivant(sesam_number session, unsigned short group, unsigned short occurrence,
                                            unsigned short *next_group, unsigned short *next_occurrence)
{
    FIELDS(number(session), number(group), number(occurrence));
    struct answer answer;
    sesam_code code;
    if (next_group == NULL || next_occurrence == NULL)
        return SGD_WRONG_OUTPUT;
    code = call(CALL_SGD_LireGroupeSuivant, fields, COUNT, &answer);
    if (code == 0) {
        *next_group = (unsigned short)number_in(&answer, 0);
        *next_occurrence = (unsigned short)number_in(&answer, 1);
    }
    done(&answer);
    return code;
}

/* A field, cut nowhere: when the buffer is too small, the code says so and *size what it needs. */
static sesam_code read_field(unsigned which, sesam_number session, unsigned short group, unsigned short occurrence,
                             unsigned short field, char *to, size_t *size)
{
    FIELDS(number(session), number(group), number(occurrence), number(field));
    struct answer answer;
    sesam_code code;
    size_t room;
    if (to == NULL || size == NULL)
        return SGD_WRONG_OUTPUT;
    room = *size;
    code = call(which, fields, COUNT, &answer);
    if (code == 0 && answer.count != 0) {
        *size = answer.size[0];
        if (answer.size[0] > room) {
            code = SGD_WRONG_OUTPUT;
        } else {
            memcpy(to, answer.bytes[0], answer.size[0]);
            if (which == CALL_SGD_LireChamp && answer.size[0] < room)
                to[answer.size[0]] = '\0';
        }
    }
    done(&answer);
    return code;
}

sesam_code SESAM_CALL SGD_LireChamp(sesam_number session, unsigned short group, unsigned short occurrence,
                                    unsigned short field, char *to, size_t *size)
{
    return read_field(CALL_SGD_LireChamp, session, group, occurrence, field, to, size);
}

sesam_code SESAM_CALL SGD_LireChampBin(sesam_number session, unsigned short group, unsigned short occurrence,
                                       unsigned short field, char *bytes, size_t *size)
{
    return read_field(CALL_SGD_LireChampBin, session, group, occurrence, field, bytes, size);
}

sesam_code SESAM_CALL SGD_LireChampFichier(sesam_number session, unsigned short group, unsigned short occurrence,
                                           unsigned short field, const char *name)
{
    size_t size = 65535;
    char *content;
    FILE *file;
    sesam_code code;
    if (name == NULL)
        return SGD_WRONG_INPUT;
    content = malloc(size);
    if (content == NULL)
        return SGD_NO_MEMORY;
    code = SGD_LireChampBin(session, group, occurrence, field, content, &size);
    if (code == 0) {
        file = fopen(name, "wb");
        if (file == NULL || fwrite(content, 1, size, file) != size)
            code = SGD_WRONG_OUTPUT;
        if (file != NULL && fclose(file) != 0)
            code = SGD_WRONG_OUTPUT;
    }
    free(content);
    return code;
}

sesam_code SESAM_CALL SGD_InitTrace(char *file, char *mode, unsigned short module, unsigned char level)
{
    (void)module;
    return init_trace(file, mode, level);
}
#endif

/* -- SRT and STS: the server says that they are not available, and why in its log */

#ifdef SESAM_LIB_SRT
static sesam_code nothing(unsigned which, void **zone, size_t *size)
{
    return with_zone(which, NULL, 0, zone, size);
}

sesam_code SESAM_CALL SRT_RechercherParMotCle(const char *word, unsigned long most, void **zone, size_t *size)
{
    (void)word;
    (void)most;
    return nothing(CALL_SRT_RechercherParMotCle, zone, size);
}

sesam_code SESAM_CALL SRT_ConsulterDonnee(const char *id, const char *date, void *in, size_t in_size, void **zone,
                                          size_t *size)
{
    (void)id;
    (void)date;
    (void)in;
    (void)in_size;
    return nothing(CALL_SRT_ConsulterDonnee, zone, size);
}

sesam_code SESAM_CALL SRT_ModifierDonnee(const char *id, const char *date, void *in, size_t in_size)
{
    (void)id;
    (void)date;
    (void)in;
    (void)in_size;
    return CALL0(SRT_ModifierDonnee);
}

sesam_code SESAM_CALL SRT_AnnulerModification(const char *id, void *in, size_t in_size)
{
    (void)id;
    (void)in;
    (void)in_size;
    return CALL0(SRT_AnnulerModification);
}

sesam_code SESAM_CALL SRT_ControlerDonnees(const char *id, const char *date, void *in, size_t in_size,
                                           unsigned char *result)
{
    (void)id;
    (void)date;
    (void)in;
    (void)in_size;
    (void)result;
    return CALL0(SRT_ControlerDonnees);
}

sesam_code SESAM_CALL SRT_AppliquerRegle(const char *id, void *in, size_t in_size, void **zone, size_t *size)
{
    (void)id;
    (void)in;
    (void)in_size;
    return nothing(CALL_SRT_AppliquerRegle, zone, size);
}

sesam_code SESAM_CALL SRT_ControleComplet(void *in, size_t in_size, void **zone, size_t *size)
{
    (void)in;
    (void)in_size;
    return nothing(CALL_SRT_ControleComplet, zone, size);
}

sesam_code SESAM_CALL SRT_SauvegarderReferentiel(const char *folder)
{
    (void)folder;
    return CALL0(SRT_SauvegarderReferentiel);
}

#ifndef _WIN32 /* their parameters are not public: only where the caller removes them */
SESAM_API sesam_code SRT_RechercherParFiltre(void);
SESAM_API sesam_code SRT_LireVersion(void);
sesam_code SRT_RechercherParFiltre(void) { return CALL0(SRT_RechercherParFiltre); }
sesam_code SRT_LireVersion(void) { return CALL0(SRT_LireVersion); }
#endif
#endif

#ifdef SESAM_LIB_STS
sesam_code SESAM_CALL STS_Tarification(char reason, void *in, size_t in_size, void **zone, size_t *size)
{
    (void)reason;
    (void)in;
    (void)in_size;
    return with_zone(CALL_STS_Tarification, NULL, 0, zone, size);
}

sesam_code SESAM_CALL STS_Assistance(char reason, unsigned short reach, void *in, size_t in_size, void **zone,
                                     size_t *size)
{
    (void)reason;
    (void)reach;
    (void)in;
    (void)in_size;
    return with_zone(CALL_STS_Assistance, NULL, 0, zone, size);
}

#ifndef _WIN32
SESAM_API sesam_code STS_LireVersion(void);
sesam_code STS_LireVersion(void) { return CALL0(STS_LireVersion); }
#endif
#endif

/* -- Hn: reading a carte Vitale */

#ifdef SESAM_LIB_HN
sesam_code SESAM_CALL Hn_Init(unsigned char *ini_folder, unsigned short *mode, unsigned short *error)
{
    FIELDS(text((const char *)ini_folder));
    struct answer answer;
    sesam_code code;
    if (mode == NULL || error == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_Hn_Init, fields, COUNT, &answer);
    *mode = (unsigned short)number_in(&answer, 0);
    *error = code;
    done(&answer);
    return code;
}

sesam_code SESAM_CALL Hn_LectureVitaleDonneesIdentification(short seconds, char *xml, unsigned int *size, short *state,
                                                            unsigned short *error)
{
    FIELDS(number(seconds < 0 ? 0 : (uint32_t)seconds));
    enum { TOO_SMALL = 0x0010 };
    struct answer answer;
    sesam_code code;
    if (size == NULL || state == NULL || error == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_Hn_LectureVitaleDonneesIdentification, fields, COUNT, &answer);
    *state = (short)number_in(&answer, 0);
    if (code == 0 && answer.count > 1) {
        if (xml == NULL || answer.size[1] >= *size)
            code = TOO_SMALL;
        else
            text_out(&answer, 1, xml);
        *size = (unsigned int)answer.size[1] + (code == 0 ? 0 : 1);
    }
    *error = code;
    done(&answer);
    return code;
}

sesam_code SESAM_CALL Hn_Finir(unsigned short *error)
{
    sesam_code code = CALL0(Hn_Finir);
    if (error != NULL)
        *error = code;
    return code;
}
#endif

/* -- MICA: presence of a carte Vitale */

#ifdef SESAM_LIB_MICA
sesam_code SESAM_CALL MICA_Init(void) { return CALL0(MICA_Init); }

sesam_code SESAM_CALL MICA_Terminer(void) { return CALL0(MICA_Terminer); }

sesam_code SESAM_CALL MICA_LireVersion(char *version)
{
    struct answer answer;
    sesam_code code;
    if (version == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_MICA_LireVersion, NULL, 0, &answer);
    text_out(&answer, 0, version);
    done(&answer);
    return code;
}

sesam_code SESAM_CALL MICA_ControlePresenceCarteVitale(const char *resource, char *serial, unsigned short *state)
{
    FIELDS(text(resource));
    struct answer answer;
    sesam_code code;
    if (serial == NULL || state == NULL)
        return GALSS_PARAMETER;
    code = call(CALL_MICA_ControlePresenceCarteVitale, fields, COUNT, &answer);
    *state = (unsigned short)number_in(&answer, 0);
    text_out(&answer, 1, serial);
    done(&answer);
    return code;
}

sesam_code SESAM_CALL MICA_SignatureVitale(const char *resource, unsigned char insurer, unsigned short motive,
                                           unsigned char *signature, void *card)
{
    FIELDS(text(resource), number(insurer), number(motive));
    (void)signature;
    (void)card;
    return simple(CALL_MICA_SignatureVitale, fields, COUNT);
}
#endif
