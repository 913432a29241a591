/*
 * A shell over every function: a line of stdin is a call, a line of stdout its code and what it gave.
 *
 * "~" is a null pointer, "-" an empty text; bytes are hexadecimal, and "-" no bytes. A test holds several such processes.
 */
#include "bifente_sesam.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 16, LINE = 400000 };

static char line[LINE];
static char *word[MOST];
static int words;

static char *text(int at)
{
    if (at >= words || strcmp(word[at], "~") == 0)
        return NULL;
    if (strcmp(word[at], "-") == 0)
        return (char *)"";
    return word[at];
}

static unsigned long number(int at) { return at < words ? strtoul(word[at], NULL, 0) : 0; }

static unsigned char bytes[LINE / 2];

/* The bytes of a word; a copy of exactly that size, so that a sanitizer sees whoever reads beyond. */
static void *octets(int at, size_t *size)
{
    char *hex = text(at);
    *size = 0;
    if (hex == NULL)
        return NULL;
    for (; hex[2 * *size] != '\0' && sscanf(hex + 2 * *size, "%2hhx", &bytes[*size]) == 1; ++*size)
        ;
    void *exact = malloc(*size == 0 ? 1 : *size);
    memcpy(exact, bytes, *size);
    return exact;
}

static void show(const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02X", ((const unsigned char *)from)[i]);
}

static void show_zone(sesam_code code, void *zone, size_t size)
{
    printf("%04X %zu ", code, size);
    show(zone, size);
    printf("\n");
    SSV_LibererZoneMem(zone);
}

#define IS(name) (strcmp(word[0], #name) == 0)
#define SIMPLE(name, ...) \
    if (IS(name)) {       \
        printf("%04X\n", name(__VA_ARGS__)); \
        return;           \
    }
#define ZONED(name, ...)                         \
    if (IS(name)) {                              \
        void *zone = NULL;                       \
        size_t size = 0;                         \
        sesam_code code = name(__VA_ARGS__);     \
        show_zone(code, zone, size);             \
        return;                                  \
    }

static void galss(void)
{
    sesam_number n = 0, size = 0;
    SIMPLE(FinExclusivite, (sesam_number)number(1));
    if (IS(OuvrirSession)) {
        unsigned char lad = 0xEE;
        sesam_code code = OuvrirSession(text(1), text(2), &n, &lad);
        printf("%04X %u %u\n", code, n, lad);
    } else if (IS(FermerSession)) {
        sesam_code code = FermerSession((sesam_number)number(1), &n);
        printf("%04X %u\n", code, n);
    } else if (IS(DebutExclusivite)) {
        char application[17] = "", resource[9] = "";
        sesam_code code = DebutExclusivite(text(1), words > 2 ? NULL : application, words > 2 ? NULL : resource, &n);
        printf("%04X %u %s %s\n", code, n, application, resource);
    } else if (IS(EcritContexte)) {
        size_t length;
        void *context = octets(3, &length);
        size = (sesam_number)length;
        printf("%04X\n", EcritContexte((sesam_number)number(1), (sesam_number)number(2), context, &size));
        free(context);
    } else if (IS(LitContexte)) {
        size = (sesam_number)number(3);
        char *context = malloc(size == 0 ? 1 : size);
        sesam_code code = LitContexte((sesam_number)number(1), (sesam_number)number(2), context, &size);
        printf("%04X %u ", code, size);
        show(context, code == 0 ? size : 0);
        printf("\n");
        free(context);
    } else if (IS(Echange) || IS(EchangeLong)) {
        size_t length;
        char *message = octets(2, &length);
        size_t room = number(3);
        char *answer = malloc(room == 0 ? 1 : room);
        sesam_code code;
        if (IS(Echange)) {
            uint32_t in = (uint32_t)length, out = (uint32_t)room;
            code = Echange((sesam_number)number(1), 32, message, &in, answer, &out);
            room = out;
        } else { /* as the GALSS headers spell the lengths; what stands above 32 bits is not the library's */
            sesam_code (*spelt)(unsigned short, unsigned short, const char *, const unsigned long *, char *,
                                unsigned long *);
            *(void **)&spelt = dlsym(RTLD_DEFAULT, "Echange");
            unsigned long above = sizeof above == 8 ? 0xAAAAAAAAul << 16 << 16 : 0;
            unsigned long in = length + above, out = room + above;
            code = spelt((sesam_number)number(1), 32, message, &in, answer, &out);
            room = out;
        }
        printf("%04X %zu ", code, room);
        show(answer, code == 0 ? (uint32_t)room : 0);
        printf("\n");
        free(message);
        free(answer);
    } else if (IS(LireVersion)) {
        char version[16];
        sesam_component components[16];
        sesam_code code = LireVersion(version, &n, components);
        printf("%04X %s", code, version);
        for (int i = 0; i < n; i++)
            printf(" %u=%.4s", components[i].type, components[i].version);
        printf("\n");
    } else if (IS(DonneNombreRessources)) {
        sesam_code code = DonneNombreRessources(&n);
        printf("%04X %u\n", code, n);
    } else if (IS(DonneTableRessources)) {
        sesam_resource table[255];
        sesam_code code = DonneTableRessources(table, &n);
        printf("%04X %zu", code, sizeof table[0]);
        for (int i = 0; i < n; i++)
            printf(" %s/%s/%u/%u/%u", table[i].name, table[i].alias, table[i].lad, table[i].pad, table[i].channel_type);
        printf("\n");
    } else {
        printf("?\n");
    }
}

static void ssv(void)
{
    void *zone = NULL;
    size_t size = 0, length = 0;
    short made = -1;
    sesam_number session = (sesam_number)number(words - 1);
    SIMPLE(SSV_InitLIB);
    SIMPLE(SSV_InitLIB2, text(1));
    SIMPLE(SSV_TermLIB);
    SIMPLE(SIS_InitLIB);
    SIMPLE(SIS_TermLIB);
    SIMPLE(SSV_InitTrace, text(1), text(2), (unsigned short)number(3), (unsigned char)number(4));
    ZONED(SSV_LireConfig, &zone, &size);
    ZONED(SSV_LireCartePS, text(1), text(2), text(3), &zone, &size);
    ZONED(SSV_LireDroitsVitale, text(1), text(2), text(3), text(4), &zone, &size);
    ZONED(SSV_IdentifierTLA, text(1), text(2), &zone, &size);
    ZONED(SSV_DechargerFSETLA, text(1), text(2), text(3), text(4), &made, &zone, &size);
    ZONED(SSV_DechargerBeneficiaires, text(1), text(2), text(3), text(4), &made, &zone, &size);
    SIMPLE(SSV_EffacerTLA, text(1), text(2), text(3), text(4), text(5));
    SIMPLE(SSV_MajDateLecteur, text(1), text(2));
    SIMPLE(SIS_MajDateLecteur, text(1), text(2));
    SIMPLE(SIS_LireConfig, session);
    SIMPLE(SIS_LireCartePS, text(1), text(2), text(3), session);
    SIMPLE(SIS_LireDroitsVitale, text(1), text(2), text(3), text(4), session);
    SIMPLE(SIS_FormaterFactures, text(1), text(2), text(3), (char)number(4), (char)number(5), session);
    SIMPLE(SIS_FormaterLot, text(1), text(2), text(3), session);
    SIMPLE(SIS_FormaterFichier, session);
    SIMPLE(SIS_TraduireFSE, session);
    SIMPLE(SIS_TraduireARL, session);
    SIMPLE(SIS_SecuriserFacture, text(1), text(2), text(3), (char)number(4), text(5), session);
    if (IS(SSV_LireDateLecteur) || IS(SIS_LireDateLecteur)) {
        char date[16] = "";
        sesam_code code =
            IS(SSV_LireDateLecteur) ? SSV_LireDateLecteur(text(1), date) : SIS_LireDateLecteur(text(1), date);
        printf("%04X %s\n", code, date);
        return;
    }
    if (IS(SSV_AllouerZoneMem)) {
        sesam_code code = SSV_AllouerZoneMem(&zone, number(1));
        printf("%04X %d\n", code, zone != NULL);
        SSV_LibererZoneMem(zone);
        return;
    }
    /* the last word is the zone that goes in, alone or as an array of one */
    void *in = octets(words - 1, &length);
    if (IS(SSV_FormaterFactures)) {
        sesam_code code = SSV_FormaterFactures(text(1), text(2), text(3), (char)number(4), (char)number(5), in, length,
                                               &zone, &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_FormaterLot)) {
        sesam_code code = SSV_FormaterLot(text(1), text(2), text(3), 1, &in, &length, &made, &zone, &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_FormaterFichier)) {
        sesam_code code = SSV_FormaterFichier(in, length, &zone, &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_TraduireFSE)) {
        sesam_code code = SSV_TraduireFSE(in, length, &zone, &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_TraduireARL)) {
        sesam_code code = SSV_TraduireARL(1, &in, &length, &zone, &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_SecuriserFacture)) {
        sesam_code code =
            SSV_SecuriserFacture(text(1), text(2), text(3), (char)number(4), text(5), in, length, &zone, &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_ChargerFacturesPdT)) {
        sesam_code code = SSV_ChargerFacturesPdT(text(1), text(2), 1, &in, &length, &made, &zone, &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_DechargerFacturesPdT)) {
        sesam_code code = SSV_DechargerFacturesPdT(text(1), text(2), text(3), text(4), 1, &in, &length, &made, &zone,
                                                   &size);
        show_zone(code, zone, size);
    } else if (IS(SSV_ChargerAppli)) {
        printf("%04X\n", SSV_ChargerAppli(text(1), 1, &in, &length));
    } else if (IS(SSV_ChargerDonneesTLA)) {
        printf("%04X\n", SSV_ChargerDonneesTLA(text(1), 1, &in, &length));
    } else {
        printf("?\n");
    }
    free(in);
}

static void sgd(void)
{
    sesam_number session = (sesam_number)number(1);
    unsigned short group = 0, occurrence = 0;
    SIMPLE(SGD_RedimensionnerBuffer, session, number(2));
    SIMPLE(SGD_LibererSession, session);
    SIMPLE(SGD_AjouterGroupe, session, (unsigned short)number(2));
    SIMPLE(SGD_AjouterChamp, session, text(2));
    SIMPLE(SGD_AjouterChampFichier, session, text(2));
    SIMPLE(SGD_LireChampFichier, session, (unsigned short)number(2), (unsigned short)number(3),
           (unsigned short)number(4), text(5));
    SIMPLE(SGD_InitTrace, text(1), text(2), (unsigned short)number(3), (unsigned char)number(4));
    if (IS(SGD_ReserverSession)) {
        sesam_number made = 0;
        sesam_code code = SGD_ReserverSession(number(1), words > 2 ? NULL : &made);
        printf("%04X %u\n", code, made);
    } else if (IS(SGD_AjouterChampBin)) {
        size_t size;
        char *content = octets(2, &size);
        printf("%04X\n", SGD_AjouterChampBin(session, content, size));
        free(content);
    } else if (IS(SGD_LireGroupeSuivant)) {
        sesam_code code = SGD_LireGroupeSuivant(session, (unsigned short)number(2), (unsigned short)number(3), &group,
                                                &occurrence);
        printf("%04X %u %u\n", code, group, occurrence);
    } else if (IS(SGD_LireChamp) || IS(SGD_LireChampBin)) {
        size_t size = words > 5 ? number(5) : 256;
        char *content = malloc(size == 0 ? 1 : size);
        sesam_code code = (IS(SGD_LireChamp) ? SGD_LireChamp : SGD_LireChampBin)(
            session, (unsigned short)number(2), (unsigned short)number(3), (unsigned short)number(4), content, &size);
        printf("%04X %zu ", code, size);
        show(content, code == 0 ? size : 0);
        printf("\n");
        free(content);
    } else {
        printf("?\n");
    }
}

static void others(void)
{
    unsigned short mode = 0, error = 0;
    unsigned char result = 0;
    ZONED(SRT_RechercherParMotCle, text(1), 10, &zone, &size);
    ZONED(SRT_ConsulterDonnee, text(1), text(2), NULL, 0, &zone, &size);
    SIMPLE(SRT_ModifierDonnee, text(1), text(2), NULL, 0);
    SIMPLE(SRT_AnnulerModification, text(1), NULL, 0);
    SIMPLE(SRT_ControlerDonnees, text(1), text(2), NULL, 0, &result);
    ZONED(SRT_AppliquerRegle, text(1), NULL, 0, &zone, &size);
    ZONED(SRT_ControleComplet, NULL, 0, &zone, &size);
    SIMPLE(SRT_SauvegarderReferentiel, text(1));
    ZONED(STS_Tarification, 'A', NULL, 0, &zone, &size);
    ZONED(STS_Assistance, 'A', 1, NULL, 0, &zone, &size);
    SIMPLE(Hn_Finir, &error);
    SIMPLE(MICA_Init);
    SIMPLE(MICA_Terminer);
    SIMPLE(MICA_SignatureVitale, text(1), 1, 0, &result, NULL);
    if (IS(Hn_Init)) {
        sesam_code code = Hn_Init((unsigned char *)text(1), &mode, &error);
        printf("%04X %u %04X\n", code, mode, error);
    } else if (IS(Hn_LectureVitaleDonneesIdentification)) {
        unsigned int room = (unsigned int)number(2);
        short state = -1;
        char *xml = malloc(room == 0 ? 1 : room);
        sesam_code code = Hn_LectureVitaleDonneesIdentification((short)number(1), xml, &room, &state, &error);
        printf("%04X %d %u ", code, state, room);
        show(xml, code == 0 ? room : 0);
        printf("\n");
        free(xml);
    } else if (IS(MICA_LireVersion)) {
        char version[32] = "";
        sesam_code code = MICA_LireVersion(version);
        printf("%04X %s\n", code, version);
    } else if (IS(MICA_ControlePresenceCarteVitale)) {
        char serial[32] = "";
        unsigned short state = 9;
        sesam_code code = MICA_ControlePresenceCarteVitale(text(1), serial, &state);
        printf("%04X %u %s\n", code, state, serial);
    } else if (IS(fork)) { /* the rest of stdin is the child's; the parent waits */
        fflush(stdout);
        int ended = 0;
        pid_t child = fork();
        if (child != 0) {
            waitpid(child, &ended, 0);
            exit(WIFEXITED(ended) ? WEXITSTATUS(ended) : 99);
        }
        printf("forked\n");
    } else {
        galss();
    }
}

int main(void)
{
    setvbuf(stdin, NULL, _IONBF, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        words = 0;
        for (char *one = strtok(line, " \n"); one != NULL && words < MOST; one = strtok(NULL, " \n"))
            word[words++] = one;
        if (words == 0)
            continue;
        if (strncmp(word[0], "SGD_", 4) == 0)
            sgd();
        else if (strncmp(word[0], "SSV_", 4) == 0 || strncmp(word[0], "SIS_", 4) == 0)
            ssv();
        else
            others();
        fflush(stdout);
    }
    return 0;
}
