/* Reads both cards as the simplest health software does: configuration, professional, rights. */
#include "bifente_sesam.h"

#include <stdio.h>

static void show(const char *name, sesam_code code, void *zone, size_t size)
{
    printf("%s %04X ", name, code);
    for (size_t i = 0; code == 0 && i < size; i++)
        printf("%02X", ((unsigned char *)zone)[i]);
    printf("\n");
    SSV_LibererZoneMem(zone);
}

int main(int argc, char **argv)
{
    const char *pin = argc > 1 ? argv[1] : "1234";
    const char *date = argc > 2 ? argv[2] : "";
    void *zone = NULL;
    size_t size = 0;
    sesam_code code = SSV_InitLIB();
    printf("init %04X\n", code);
    code = SSV_LireConfig(&zone, &size);
    show("config", code, zone, size);
    code = SSV_LireCartePS("CPS", "TRANSPA2", pin, &zone, &size);
    show("ps", code, zone, size);
    code = SSV_LireDroitsVitale("CPS", "TRANSPA2", "", date, &zone, &size);
    show("droits", code, zone, size);
    printf("term %04X\n", SSV_TermLIB());
    return 0;
}
