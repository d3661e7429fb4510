/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"
#include "tests/wire/fault_rig.h"

TCase *make_fault_drive_tcase(void);

const FaultRow fault_drive_rows[] = {
    { "{name: drive.ua-power-on, on: \"WRITE(6)#2\", count: 2}", "w w w=1 w=1 pos",
      "ok 6/29/00*2 ok @2", "=0 =1" },
    { "{name: drive.ua-medium, on: READ(6)}", "w rw r r", "ok*2 6/28/00 =0 | stall-in clear-in",
      "=0" },
    { "{name: drive.ua-mode, on: \"WRITE(6)#2\"}", "w w w=1", "ok 6/2a/01 ok", "=0 =1" },
    { "{name: drive.becoming-ready, on: \"WRITE(6)#2\", for: 5s}", "w w tur inq wait=6s tur w=1",
      "ok 2/04/01*2 USBTAPE:v5:96 ok*2", "=0 =1" },
    { "{name: drive.no-medium, on: \"WRITE(6)#2\"}", "w w tur wait=60s tur reset tur tur",
      "ok 2/3a/00*3 ok 6/29/02 ok | port-reset", "=0" },
    { "{name: drive.no-medium, on: \"WRITE(6)#2\", for: 5s}", "w w wait=6s w=1", "ok 2/3a/00 ok",
      "=0 =1" },
    { "{name: drive.not-at-bot-after-load}", "w*3 unload load tur r pos", "ok*6 =1 @2",
      "=0 =1 =2" },
    { "{name: drive.busy, on: \"WRITE(6)#2\", count: 2}", "w w w=1 w=1", "ok 0/00/00*2 ok",
      "=0 =1" },
    { "{name: drive.busy, on: \"WRITE(6)#2\", as: sense}", "w w w=1", "ok 2/04/07 ok", "=0 =1" },
    { "{name: drive.reservation-conflict, on: \"WRITE(6)#2\"}", "w w w=1", "ok 5/2c/09 ok",
      "=0 =1" },
    { "{name: drive.hang, on: \"WRITE(6)#2\"}", "w w pos w=1",
      "ok reset @1 ok | timeout-out bot-reset clear-in clear-out", "=0 =1" },
    { "{name: drive.hang, on: \"WRITE(6)#2\", for: 20s}", "w w w", "ok*3", "=0 =1 =2" },
    { "{name: drive.slow, on: REWIND, for: 20s}", "w rw r", "ok*2 =0", "=0" },
    { "{name: drive.slow, on: REWIND, for: 120s}", "w timeout=180s rw timeout=30s r", "ok*2 =0",
      "=0" },
    { "{name: drive.tape-alert}", "alerts alerts",
      "flags:20 flags | stall-csw clear-in stall-csw clear-in", "" },
    { "{name: drive.tape-alert, flag: 3, count: inf}", "alerts alerts",
      "flags:3*2 | stall-csw clear-in stall-csw clear-in", "" },
    { "{name: drive.tape-alert, how: sense, on: \"WRITE(6)#2\"}", "w*3 alerts",
      "ok 1/00/17 ok flags | stall-csw clear-in", "=0 =1 =2" },
    { "{name: drive.tape-alert, how: sense}", "w*2 r tur", "1/00/17 ok eod ok | stall-in clear-in",
      "=0 =1" },
    { "{name: drive.firmware-reset, on: \"WRITE(6)#3\"}", "bl=512 w*2 w pos w=2 ms rw r",
      "ok*3 6/29/01 @0 ok rw:0 ok =2", "=2" },
    { "{name: drive.firmware-reset, on: \"WRITE(6)#3\", for: 3s}", "w*3 tur wait=4s tur tur pos",
      "ok*2 2/04/01*2 6/29/01 ok @0", "" },
    { "{name: drive.position-lost}", "w pos pos", "ok @unknown @1", "=0" },
    { "{name: drive.read-position-lie, delta: -2}", "w*3 pos pos", "ok*3 @1 @3", "=0 =1 =2" },
    { "{name: drive.read-position-lie, delta: -20}", "w*3 pos", "ok*3 @0", "=0 =1 =2" },
    { "{name: drive.locate-lag, on: LOCATE(10)}", "w*4 loc=3 pos r r r",
      "ok*5 @3 =2 =3 eod | stall-in clear-in", "=0 =1 =2 =3" },
    { "{name: drive.locate-lag, records: 2, on: SPACE(6)}", "w*3 fm w*2 rw fsf=1 pos r r r",
      "ok*8 @4 =2 fm =3 | stall-in clear-in", "=0 =1 =2 FM =3 =4" },
    { "{name: drive.locate-lag, for: 5s, on: LOCATE(10)}", "w*5 loc=3 pos wait=6s pos r r",
      "ok*6 @3*2 =3 =4", "=0 =1 =2 =3 =4" },
    { "{name: drive.locate-lag, for: 5s, on: LOCATE(10)}", "w*5 loc=3 wait=4s r wait=6s r r",
      "ok*6 =2 =3 =4", "=0 =1 =2 =3 =4" },
    { "{name: drive.unsupported, on: [READ POSITION, SPACE(6)]}", "w pos eod tur",
      "ok 5/20/00*2 ok | stall-in clear-in", "=0" },
    { "{name: drive.mode-select-reject}", "bl=512 ms bl=512 ms", "5/26/00 rw:0 ok rw:512", "" },
    { "{name: drive.unsupported, on: READ POSITION}", "w pos pos",
      "ok 5/20/00*2 | stall-in clear-in stall-in clear-in", "=0" },
    { "{name: drive.inquiry}", "inq", ":v5:5 | stall-csw clear-in", "" },
    { "{name: drive.inquiry, how: version-0}", "inq in=120100002400",
      "USBTAPE:v0:96 in:01000006008083b0b1b2 | stall-csw clear-in", "" },
    { "{name: drive.inquiry, how: bad-vpd}", "inq in=120100002400",
      "USBTAPE:v5:96 in:01ff00ff008083b0b1b2 | stall-csw clear-in", "" },
    { "{name: drive.sense}", "w fm rw r r r",
      "ok*3 =0 0/00/00 eod | stall-in clear-in stall-in clear-in", "=0 FM" },
    { "{name: drive.sense, how: lost}", "w fm rw r r r",
      "ok*3 =0 failed eod | stall-in clear-in stall-in clear-in stall-in clear-in", "=0 FM" },
    { "{name: drive.sense, how: long}", "in=030000001200 in=030000002000",
      "in:700000000000000a00000000000000000000 5/24/00 | stall-csw clear-in stall-in clear-in",
      "" },
    { "{name: drive.eject-refused}", "unload tur unload tur", "5/53/02 ok*2 2/04/02", "" },
    { "{name: drive.not-lockable}", "lock unlock lock unload", "5/24/00*3 ok", "" },
    { "{name: drive.load-unload-race, on: \"LOAD UNLOAD#3\"}", "load load load tur reset tur",
      "ok*2 reset*2 ok reset | timeout-csw bot-reset clear-in clear-out timeout-csw bot-reset "
      "clear-in clear-out port-reset timeout-csw bot-reset clear-in clear-out",
      "" },
    { "{name: drive.compression-change, compress: true, on: \"TEST UNIT READY\"}",
      "comp=0 comp tur comp", "ok off 6/2a/01 on", "" },
    { "{name: drive.compression-change, on: \"TEST UNIT READY\"}", "comp=1 comp tur comp",
      "ok on 6/2a/01 off", "" },
    { NULL },
};

START_TEST(drive)
{
    fault_row_check(&fault_drive_rows[_i]);
}
END_TEST

TCase *make_fault_drive_tcase(void)
{
    TCase *tcase = tcase_create("drive");

    tcase_add_loop_test(tcase, drive, 0, G_N_ELEMENTS(fault_drive_rows) - 1);
    return tcase;
}
