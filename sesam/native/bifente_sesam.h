/*
 * The interfaces that French health software calls: GALSS (readers), SSV, SIS and SGD (cards), SRT and STS (tariff),
 * Hn and MICA (reading a carte Vitale). Declarations of our own, from public facts: names, order of the parameters, types.
 *
 * Every function returns 0 or a code; docs/sesam.md lists them.
 */
#ifndef BIFENTE_SESAM_H
#define BIFENTE_SESAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define SESAM_CALL __stdcall
#ifdef BIFENTE_BUILDING
#define SESAM_API __declspec(dllexport)
#else
#define SESAM_API
#endif
#else
#define SESAM_CALL
#define SESAM_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned short sesam_code;
typedef unsigned short sesam_number;

/* -- GALSS client (galcl): lengths of Echange have 32 bits here, and are so used whatever the caller calls them */

typedef struct {
    uint32_t type; /* 0 PSS, 100 information, 101 client, 102 server */
    char version[4]; /* not terminated */
} sesam_component;

SESAM_API sesam_code SESAM_CALL OuvrirSession(const char *application, const char *resource, sesam_number *session,
                                              unsigned char *lad);
SESAM_API sesam_code SESAM_CALL FermerSession(sesam_number session, sesam_number *exclusivity);
SESAM_API sesam_code SESAM_CALL DebutExclusivite(const char *resources, char *application, char *resource,
                                                 sesam_number *exclusivity);
SESAM_API sesam_code SESAM_CALL FinExclusivite(sesam_number exclusivity);
SESAM_API sesam_code SESAM_CALL EcritContexte(sesam_number place, sesam_number session, const void *context,
                                              const sesam_number *size);
SESAM_API sesam_code SESAM_CALL LitContexte(sesam_number place, sesam_number session, void *context,
                                            sesam_number *size);
SESAM_API sesam_code SESAM_CALL Echange(sesam_number session, sesam_number seconds, const char *message,
                                        const uint32_t *message_size, char *answer, uint32_t *answer_size);
SESAM_API sesam_code SESAM_CALL LireVersion(char *version, sesam_number *count, sesam_component *components);

/* -- GALSS information (galin) */

#pragma pack(push, 1)
typedef struct {
    char alias[9];
    char name[9];
    unsigned char lad;
    unsigned char pad;
    unsigned char channel;
    unsigned char channel_type;
    uint16_t connection_type;
    uint16_t protocol;
} sesam_resource;
#pragma pack(pop)

SESAM_API sesam_code SESAM_CALL DonneNombreRessources(sesam_number *count);
SESAM_API sesam_code SESAM_CALL DonneTableRessources(sesam_resource *table, sesam_number *count);

/* -- SSV */

SESAM_API sesam_code SESAM_CALL SSV_InitLIB(void);
SESAM_API sesam_code SESAM_CALL SSV_InitLIB2(const char *sesam_ini);
SESAM_API sesam_code SESAM_CALL SSV_TermLIB(void);
SESAM_API sesam_code SESAM_CALL SSV_AllouerZoneMem(void **zone, size_t size);
SESAM_API void SESAM_CALL SSV_LibererZoneMem(void *zone);
SESAM_API sesam_code SESAM_CALL SSV_InitTrace(char *file, char *mode, unsigned short module, unsigned char level);
SESAM_API sesam_code SESAM_CALL SSV_LireConfig(void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_LireCartePS(const char *ps, const char *reader, const char *pin, void **zone,
                                                size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_LireDroitsVitale(const char *ps, const char *reader, const char *pin,
                                                     const char *date, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_FormaterFactures(const char *ps, const char *reader, const char *pin,
                                                     char facture_a_creer, char mode_secur, void *in, size_t in_size,
                                                     void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_FormaterLot(const char *ps, const char *reader, const char *pin, short count,
                                                void **in, size_t *in_sizes, short *made, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_FormaterFichier(void *in, size_t in_size, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_TraduireFSE(void *in, size_t in_size, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_TraduireARL(short count, void **in, size_t *in_sizes, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_SecuriserFacture(const char *ps, const char *reader, const char *pin,
                                                     char situation, const char *number, void *in, size_t in_size,
                                                     void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_LireDateLecteur(const char *reader, char *date);
SESAM_API sesam_code SESAM_CALL SSV_MajDateLecteur(const char *reader, const char *date);
SESAM_API sesam_code SESAM_CALL SSV_IdentifierTLA(const char *reader, const char *version, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_ChargerFacturesPdT(const char *reader, const char *number, short count, void **in,
                                                       size_t *in_sizes, short *made, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_DechargerFacturesPdT(const char *ps, const char *reader, const char *pin,
                                                         const char *number, short count, void **in, size_t *in_sizes,
                                                         short *made, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_DechargerFSETLA(const char *ps, const char *reader, const char *pin,
                                                    const char *number, short *made, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_DechargerBeneficiaires(const char *ps, const char *reader, const char *pin,
                                                           const char *number, short *made, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SSV_EffacerTLA(const char *ps, const char *reader, const char *pin, const char *number,
                                               const char *kind);
SESAM_API sesam_code SESAM_CALL SSV_ChargerAppli(const char *reader, short count, void **in, size_t *in_sizes);
SESAM_API sesam_code SESAM_CALL SSV_ChargerDonneesTLA(const char *reader, short count, void **in, size_t *in_sizes);

/* -- SIS: the same with a session of SGD in the place of the zones */

SESAM_API sesam_code SESAM_CALL SIS_InitLIB(void);
SESAM_API sesam_code SESAM_CALL SIS_TermLIB(void);
SESAM_API sesam_code SESAM_CALL SIS_LireConfig(sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_LireCartePS(const char *ps, const char *reader, const char *pin,
                                                sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_LireDroitsVitale(const char *ps, const char *reader, const char *pin,
                                                     const char *date, sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_FormaterFactures(const char *ps, const char *reader, const char *pin,
                                                     char facture_a_creer, char mode_secur, sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_FormaterLot(const char *ps, const char *reader, const char *pin,
                                                sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_FormaterFichier(sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_TraduireFSE(sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_TraduireARL(sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_SecuriserFacture(const char *ps, const char *reader, const char *pin,
                                                     char situation, const char *number, sesam_number session);
SESAM_API sesam_code SESAM_CALL SIS_LireDateLecteur(const char *reader, char *date);
SESAM_API sesam_code SESAM_CALL SIS_MajDateLecteur(const char *reader, const char *date);

/* -- SGD: groups and fields of a session */

SESAM_API sesam_code SESAM_CALL SGD_ReserverSession(size_t size, sesam_number *session);
SESAM_API sesam_code SESAM_CALL SGD_RedimensionnerBuffer(sesam_number session, size_t size);
SESAM_API sesam_code SESAM_CALL SGD_LibererSession(sesam_number session);
SESAM_API sesam_code SESAM_CALL SGD_AjouterGroupe(sesam_number session, unsigned short group);
SESAM_API sesam_code SESAM_CALL SGD_AjouterChamp(sesam_number session, const char *text);
SESAM_API sesam_code SESAM_CALL SGD_AjouterChampBin(sesam_number session, const char *bytes, size_t size);
SESAM_API sesam_code SESAM_CALL SGD_AjouterChampFichier(sesam_number session, const char *file);
SESAM_API sesam_code SESAM_CALL SGD_LireGroupeSuivant(sesam_number session, unsigned short group,
                                                      unsigned short occurrence, unsigned short *next_group,
                                                      unsigned short *next_occurrence);
SESAM_API sesam_code SESAM_CALL SGD_LireChamp(sesam_number session, unsigned short group, unsigned short occurrence,
                                              unsigned short field, char *text, size_t *size);
SESAM_API sesam_code SESAM_CALL SGD_LireChampBin(sesam_number session, unsigned short group, unsigned short occurrence,
                                                 unsigned short field, char *bytes, size_t *size);
SESAM_API sesam_code SESAM_CALL SGD_LireChampFichier(sesam_number session, unsigned short group,
                                                     unsigned short occurrence, unsigned short field, const char *file);
SESAM_API sesam_code SESAM_CALL SGD_InitTrace(char *file, char *mode, unsigned short module, unsigned char level);

/* -- SRT and STS: not available here; each answers so */

SESAM_API sesam_code SESAM_CALL SRT_RechercherParMotCle(const char *word, unsigned long most, void **zone,
                                                        size_t *size);
SESAM_API sesam_code SESAM_CALL SRT_ConsulterDonnee(const char *id, const char *date, void *in, size_t in_size,
                                                    void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SRT_ModifierDonnee(const char *id, const char *date, void *in, size_t in_size);
SESAM_API sesam_code SESAM_CALL SRT_AnnulerModification(const char *id, void *in, size_t in_size);
SESAM_API sesam_code SESAM_CALL SRT_ControlerDonnees(const char *id, const char *date, void *in, size_t in_size,
                                                     unsigned char *result);
SESAM_API sesam_code SESAM_CALL SRT_AppliquerRegle(const char *id, void *in, size_t in_size, void **zone,
                                                   size_t *size);
SESAM_API sesam_code SESAM_CALL SRT_ControleComplet(void *in, size_t in_size, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL SRT_SauvegarderReferentiel(const char *folder);
SESAM_API sesam_code SESAM_CALL STS_Tarification(char reason, void *in, size_t in_size, void **zone, size_t *size);
SESAM_API sesam_code SESAM_CALL STS_Assistance(char reason, unsigned short reach, void *in, size_t in_size,
                                               void **zone, size_t *size);

/* -- Hn: API de lecture Vitale; MICA: presence */

SESAM_API sesam_code SESAM_CALL Hn_Init(unsigned char *ini_folder, unsigned short *mode, unsigned short *error);
SESAM_API sesam_code SESAM_CALL Hn_LectureVitaleDonneesIdentification(short seconds, char *xml, unsigned int *size,
                                                                      short *state, unsigned short *error);
SESAM_API sesam_code SESAM_CALL Hn_Finir(unsigned short *error);
SESAM_API sesam_code SESAM_CALL MICA_Init(void);
SESAM_API sesam_code SESAM_CALL MICA_Terminer(void);
SESAM_API sesam_code SESAM_CALL MICA_LireVersion(char *version);
SESAM_API sesam_code SESAM_CALL MICA_ControlePresenceCarteVitale(const char *resource, char *serial,
                                                                 unsigned short *state);
SESAM_API sesam_code SESAM_CALL MICA_SignatureVitale(const char *resource, unsigned char insurer,
                                                     unsigned short number, unsigned char *signature, void *card);

#ifdef __cplusplus
}
#endif

#endif
