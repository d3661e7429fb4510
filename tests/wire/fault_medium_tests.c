/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"
#include "tests/wire/fault_rig.h"

TCase *make_fault_medium_tcase(void);

const FaultRow fault_medium_rows[] = {
    { "{name: medium.read-error, record: 1, count: inf}", "w*3 rw r*3 bsr=2 r alerts",
      "ok*4 =0 3/11/00(1024) =2 ok 3/11/00(1024) flags:3:5 | stall-in clear-in stall-in clear-in "
      "stall-csw clear-in",
      "=0 =1 =2" },
    { "{name: medium.read-error, record: 1, sense: 03/14/01}", "w*3 rw r*3",
      "ok*4 =0 3/14/01(1024) =2 | stall-in clear-in", "=0 =1 =2" },
    { "{name: medium.read-recovered, on: \"READ(6)#2\"}", "w*3 rw r*3", "ok*4 =0 1/17/01=1 =2",
      "=0 =1 =2" },
    { "{name: medium.read-error-after-filemark, file: 1, count: inf}", "w*2 fm w*2 fm rw r*4 r",
      "ok*7 =0 =1 fm 3/11/00(1024) =3 | stall-in clear-in stall-in clear-in", "=0 =1 FM =2 =3 FM" },
    { "{name: medium.write-error, record: 2, count: inf}", "w*3 fm tur fm rw r*3 alerts",
      "ok*3 3/0c/00+late(1024) ok 3/0c/00+late(1024) ok =0 =1 eod flags:3:6 | stall-in clear-in "
      "stall-csw clear-in",
      "=0 =1" },
    { "{name: medium.write-error, record: 2}", "w*3 pos fm rw r*4",
      "ok*3 @3 ok*2 =0 =1 =2 fm | stall-in clear-in", "=0 =1 =2 FM" },
    { "{name: medium.write-error, on: \"WRITE FILEMARKS(6)\"}", "w fm pos fm",
      "ok 3/0c/00(1) @1 ok", "=0 FM" },
    { "{name: medium.deferred-error, on: \"WRITE(6)#2\"}", "w*2 w w fm pos",
      "ok*3 3/0c/00+late ok @4", "=0 =2 FM" },
    { "{name: medium.deferred-error, on: \"WRITE(6)#2\", by: 1, sense: 04/44/00}", "w*2 tur tur",
      "ok*2 4/44/00+late ok", "=0" },
    { "{name: medium.early-warning, at: 3KiB}", "w*4 fm", "ok*2 0/00/02+eom(0)*2 ok",
      "=0 =1 =2 =3 FM" },
    { "{name: medium.early-warning, at: 3KiB, gap: 1KiB}", "w*5 fm",
      "ok*2 0/00/02+eom(0)*2 d/00/02+eom(1024) ok", "=0 =1 =2 =3 FM" },
    { "{name: medium.no-early-warning}", "w*64 fm w fm pos",
      "ok*64 d/00/02+eom(1) d/00/02+eom(1024) d/00/02+eom(1) @64",
      "=0 =1 =2 =3 =4 =5 =6 =7 =8 =9 =10 =11 =12 =13 =14 =15 =16 =17 =18 =19 =20 =21 =22 =23 =24 "
      "=25 =26 =27 =28 =29 =30 =31 =32 =33 =34 =35 =36 =37 =38 =39 =40 =41 =42 =43 =44 =45 =46 =47 "
      "=48 =49 =50 =51 =52 =53 =54 =55 =56 =57 =58 =59 =60 =61 =62 =63" },
    { "{name: medium.volume-overflow, at: 4000}", "w*5 fm pos", "ok*3 d/00/02+eom(1024)*2 ok @4",
      "=0 =1 =2 FM" },
    { "{name: medium.eom-early, percent: 5}", "w*5 fm", "ok*3 d/00/02+eom(1024)*2 ok",
      "=0 =1 =2 FM" },
    { "{name: medium.eod-lie}", "w*3 rw fsf=5 pos", "ok*4 eod-no-residual @3", "=0 =1 =2" },
    { "{name: medium.eod-lie, how: no-key}", "w*3 rw fsf=5 pos", "ok*4 0/00/05 @3", "=0 =1 =2" },
    { "{name: medium.eod-lie, how: good}", "w*3 rw fsf=5 pos", "ok*5 @3", "=0 =1 =2" },
    { "{name: medium.blank-check-missing}", "w*3 rw r*5 pos rw r*4",
      "ok*4 =0 =1 =2*2 eod @4 ok =0 =1 =2 eod | stall-in clear-in stall-in clear-in", "=0 =1 =2" },
    { "{name: medium.ili, on: \"READ(6)#2\"}", "w*3 rw r*3",
      "ok*4 =0 0/00/00+ili(512)=1/512 =2 | stall-csw clear-in", "=0 =1 =2" },
    { "{name: medium.ili, on: \"READ(6)#2\", length: over, by: 24}", "w*3 rw r*3",
      "ok*4 =0 0/00/00+ili(-24)=1 =2", "=0 =1 =2" },
    { "{name: medium.ili, on: \"READ(6)#2\", lie: true}", "w*3 rw r*3",
      "ok*4 =0 0/00/00+ili(0)=1/512 =2 | stall-csw clear-in", "=0 =1 =2" },
    { "{name: medium.filemark}", "w fm w fm pos rw r*4",
      "ok*4 @4 ok =0 =1 fm eod | stall-in clear-in stall-in clear-in", "=0 =1 FM" },
    { "{name: medium.filemark, how: extra, on: \"WRITE(6)#2\"}", "w*3 fm pos rw r*5",
      "ok*4 @4 ok =0 fm =1 =2 fm | stall-in clear-in stall-in clear-in", "=0 FM =1 =2 FM" },
    { "{name: medium.filemark, how: extra, on: \"WRITE FILEMARKS(6)\"}", "w fm w fm pos", "ok*4 @4",
      "=0 FM FM =1 FM" },
    { "{name: medium.bit-rot, on: \"WRITE(6)#2\", bits: 3}", "w*3 fm rw r*3", "ok*5 =0 ?1 =2",
      "=0 ?1 =2 FM" },
    { "{name: medium.bit-rot, record: 1, bits: 1, on: READ(6)}", "w*3 fm rw r*3 rw r*2",
      "ok*5 =0 ?1 =2 ok =0 =1", "=0 =1 =2 FM" },
    { "{name: medium.swap-records, a: 0, b: 2}", "w*4 rw r*5",
      "ok*5 =2 =1 =0 =3 eod | stall-in clear-in", "=0 =1 =2 =3" },
    { "{name: medium.write-protect-flip, on: \"WRITE(6)#2\"}", "ms w*2 ms fm r",
      "rw:0 ok 7/27/00 wp:0 7/27/00 eod | stall-in clear-in", "=0" },
    { "{name: medium.write-protect-flip, on: \"WRITE(6)#2\", stale: true}", "w*2 ms w",
      "ok 7/27/00 rw:0 7/27/00", "=0" },
    { "{name: medium.write-protect-flip, time: 10s}", "w wait=11s w ms", "ok 7/27/00 wp:0", "=0" },
    { "{name: medium.incompatible, on: \"READ(6)\"}", "w rw r r",
      "ok*2 5/30/00 =0 | stall-in clear-in", "=0" },
    { "{name: medium.entity-not-found, on: SPACE(6)}", "w fm rw fsf=1 fsf=1", "ok*3 3/14/00 ok",
      "=0 FM" },
    { "{name: medium.position-error}", "w fm fm", "ok 3/3b/00 ok", "=0 FM" },
    { "{name: medium.power-cut, on: \"WRITE(6)#4\"}", "w*2 fm w*2 wait=3s plug tur*2 pos eod pos",
      "ok*4 gone ok 6/29/01 ok @0 ok @3 | gone", "=0 =1 FM" },
    { "{name: medium.power-cut, on: \"WRITE(6)#4\", replug: 1s}",
      "w*2 fm w*2 wait=3s plug tur*2 pos eod pos ms",
      "ok*4 gone ok 6/29/01 ok @0 ok @3 rw:0 | gone", "=0 =1 FM" },
    { "[{name: queue.early-good, depth: 2}, {name: medium.power-cut, on: READ POSITION}]",
      "w*2 fm w pos wait=3s plug tur*2 eod pos", "ok*4 gone ok 6/29/01 ok*2 @2 | gone", "=0 =1" },
    { "[{name: queue.early-good, depth: 2, lose-on: never}, {name: medium.power-cut, on: READ "
      "POSITION}]",
      "w*2 fm w pos wait=3s plug tur*2 eod pos", "ok*4 gone ok 6/29/01 ok*2 @3 | gone",
      "=0 =1 FM" },
    { "[{name: queue.hold, records: 2}, {name: medium.power-cut, on: READ POSITION}]",
      "w*4 fm w*4 pos wait=3s plug tur*2 eod pos", "ok*9 gone ok 6/29/01 ok*2 @5 | gone",
      "=0 =1 =2 =3 FM" },
    { "[{name: queue.drop, on: \"WRITE(6)#2\"}, {name: medium.power-cut, on: READ POSITION}]",
      "w*4 pos wait=3s plug tur*2 eod pos", "ok*4 gone ok 6/29/01 ok*2 @0 | gone", "" },
    { "[{name: queue.early-good, lose-on: reset}, {name: medium.power-cut, on: READ POSITION}]",
      "w*4 reset tur pos wait=3s plug tur*2 eod pos",
      "ok*5 6/29/02 gone ok 6/29/01 ok*2 @0 | port-reset gone", "" },
    { "[{name: queue.early-good}, {name: medium.power-cut, on: READ POSITION}]",
      "w*2 fm w pos wait=3s plug tur*2 eod pos", "ok*4 gone ok 6/29/01 ok*2 @0 | gone", "" },
    { NULL },
};

START_TEST(medium)
{
    fault_row_check(&fault_medium_rows[_i]);
}
END_TEST

TCase *make_fault_medium_tcase(void)
{
    TCase *tcase = tcase_create("medium");

    tcase_add_loop_test(tcase, medium, 0, G_N_ELEMENTS(fault_medium_rows) - 1);
    return tcase;
}
