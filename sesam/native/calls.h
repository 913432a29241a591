/* The calls that the forwarder passes on, by their numbers; bifente/sesam/calls.py is the same table. */
#ifndef BIFENTE_SESAM_CALLS_H
#define BIFENTE_SESAM_CALLS_H

#define SESAM_CALLS(X)                   \
    X(0, Hello)                          \
    X(1, OuvrirSession)                  \
    X(2, FermerSession)                  \
    X(3, DebutExclusivite)               \
    X(4, FinExclusivite)                 \
    X(5, EcritContexte)                  \
    X(6, LitContexte)                    \
    X(7, Echange)                        \
    X(8, LireVersion)                    \
    X(9, DonneNombreRessources)          \
    X(10, DonneTableRessources)          \
    X(20, SSV_InitLIB)                   \
    X(21, SSV_InitLIB2)                  \
    X(22, SSV_TermLIB)                   \
    X(23, SSV_LireConfig)                \
    X(24, SSV_LireCartePS)               \
    X(25, SSV_LireDroitsVitale)          \
    X(26, SSV_FormaterFactures)          \
    X(27, SSV_FormaterLot)               \
    X(28, SSV_FormaterFichier)           \
    X(29, SSV_TraduireFSE)               \
    X(30, SSV_TraduireARL)               \
    X(31, SSV_SecuriserFacture)          \
    X(32, SSV_LireDateLecteur)           \
    X(33, SSV_MajDateLecteur)            \
    X(34, SSV_IdentifierTLA)             \
    X(35, SSV_ChargerFacturesPdT)        \
    X(36, SSV_DechargerFacturesPdT)      \
    X(37, SSV_DechargerFSETLA)           \
    X(38, SSV_DechargerBeneficiaires)    \
    X(39, SSV_EffacerTLA)                \
    X(40, SSV_ChargerAppli)              \
    X(41, SSV_ChargerDonneesTLA)         \
    X(50, SIS_InitLIB)                   \
    X(51, SIS_TermLIB)                   \
    X(52, SIS_LireConfig)                \
    X(53, SIS_LireCartePS)               \
    X(54, SIS_LireDroitsVitale)          \
    X(55, SIS_FormaterFactures)          \
    X(56, SIS_FormaterLot)               \
    X(57, SIS_FormaterFichier)           \
    X(58, SIS_TraduireFSE)               \
    X(59, SIS_TraduireARL)               \
    X(60, SIS_SecuriserFacture)          \
    X(61, SIS_LireDateLecteur)           \
    X(62, SIS_MajDateLecteur)            \
    X(70, SGD_ReserverSession)           \
    X(71, SGD_RedimensionnerBuffer)      \
    X(72, SGD_LibererSession)            \
    X(73, SGD_AjouterGroupe)             \
    X(74, SGD_AjouterChamp)              \
    X(75, SGD_AjouterChampBin)           \
    X(76, SGD_LireGroupeSuivant)         \
    X(77, SGD_LireChamp)                 \
    X(78, SGD_LireChampBin)              \
    X(80, SRT_RechercherParMotCle)       \
    X(81, SRT_RechercherParFiltre)       \
    X(82, SRT_ConsulterDonnee)           \
    X(83, SRT_ModifierDonnee)            \
    X(84, SRT_AnnulerModification)       \
    X(85, SRT_ControlerDonnees)          \
    X(86, SRT_AppliquerRegle)            \
    X(87, SRT_ControleComplet)           \
    X(88, SRT_SauvegarderReferentiel)    \
    X(89, SRT_LireVersion)               \
    X(90, STS_Tarification)              \
    X(91, STS_Assistance)                \
    X(92, STS_LireVersion)               \
    X(100, Hn_Init)                      \
    X(101, Hn_LectureVitaleDonneesIdentification) \
    X(102, Hn_Finir)                     \
    X(110, MICA_Init)                    \
    X(111, MICA_Terminer)                \
    X(112, MICA_LireVersion)             \
    X(113, MICA_ControlePresenceCarteVitale) \
    X(114, MICA_SignatureVitale)

enum sesam_call {
#define SESAM_ENUMERATOR(number, name) CALL_##name = (number),
    SESAM_CALLS(SESAM_ENUMERATOR)
#undef SESAM_ENUMERATOR
};

#endif
