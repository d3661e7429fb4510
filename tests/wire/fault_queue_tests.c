/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/support/suite.h"
#include "tests/wire/fault_rig.h"

TCase *make_fault_queue_tcase(void);

const FaultRow fault_queue_rows[] = {
    { "{name: queue.reorder, on: \"WRITE(6)#2\", window: 3}", "w*6 pos fm rw r*8",
      "ok*6 @6 ok*2 =0 =3 =2 =1 =4 =5 fm eod | stall-in clear-in stall-in clear-in",
      "=0 =3 =2 =1 =4 =5 FM" },
    { "{name: queue.reorder, window: 3, policy: fifo}", "w*4 fm rw r*5",
      "ok*6 =0 =1 =2 =3 fm | stall-in clear-in", "=0 =1 =2 =3 FM" },
    { "{name: queue.reorder, window: 4, policy: swap}", "w*6 fm", "ok*7", "=3 =1 =2 =0 =4 =5 FM" },
    { "{name: queue.reorder, window: 4, policy: stale-key, count: inf}", "w*12 fm", "ok*13",
      "=1 =3 =0 =2 =7 =6 =5 =4 =11 =10 =9 =8 FM" },
    { "{name: queue.reorder, window: 4, policy: random, count: inf}", "w*12 fm", "ok*13",
      "=3 =2 =0 =1 =7 =4 =5 =6 =8 =10 =11 =9 FM" },
    { "{name: queue.reorder, window: 8}", "w*3 sync w*2 fm", "ok*7", "=2 =1 =0 =3 =4 FM" },
    { "{name: queue.reorder, window: 8, across-sync: true}", "w*3 fm w*2 pos rw r*7",
      "ok*6 @6 ok =4 =3 fm =2 =1 =0 eod | stall-in clear-in stall-in clear-in",
      "=4 =3 FM =2 =1 =0" },
    { "{name: queue.reorder, window: 8}", "w*3 reset tur*2 pos rw tur",
      "ok*4 6/29/02 ok @3 ok*2 | port-reset", "=2 =1 =0" },
    /* Marks, with IMMED: the queue is full amid them, and what comes after comes after. */
    { "{name: queue.reorder, window: 3, across-sync: true}", "w*2 cdb=100100000300 pos w pos",
      "ok*3 @5 ok @6", "FM =1 =0 FM FM =2" },
    { "{name: queue.reorder, window: 3, across-sync: true}", "w*2 cdb=100100001400 w", "ok*4",
      "=1 =0 FM FM FM FM FM FM FM FM FM FM FM FM FM FM FM FM FM FM FM FM =2" },
    { "{name: queue.hold, records: 4}", "w*6 pos", "ok*6 @6", "=0 =1" },
    { "{name: queue.hold, records: 4, for: 2s}", "w*2 pos wait=3s w fm", "ok*2 @2 ok*2",
      "=0 =1 =2 FM" },
    { "{name: queue.hold, records: 4}", "w*6 fm pos rw r*7",
      "ok*7 @7 ok =0 =1 =2 =3 =4 =5 fm | stall-in clear-in", "=0 =1 =2 =3 =4 =5 FM" },
    { "{name: queue.early-good, lose-on: reset}", "w*3 fm pos reset tur pos r",
      "ok*4 @4 ok 6/29/02 @0 eod | port-reset stall-in clear-in", "" },
    { "{name: queue.early-good, lose-on: never}", "w*3 fm reset tur pos rw r*5",
      "ok*5 6/29/02 @4 ok =0 =1 =2 fm eod | port-reset stall-in clear-in stall-in clear-in",
      "=0 =1 =2 FM" },
    { "{name: queue.drop, on: \"WRITE(6)#2\"}", "w*4 pos fm pos bsf=1 bsr=1 r rw r*5",
      "ok*4 @4 ok @5 ok*2 =3 ok =0 =2 =3 fm eod | stall-in clear-in stall-in clear-in",
      "=0 =2 =3 FM" },
    { "{name: queue.drop, record: 0}", "w*2 fm rw r*3",
      "ok*4 =1 fm eod | stall-in clear-in stall-in clear-in", "=1 FM" },
    { "{name: queue.duplicate, on: \"WRITE(6)#2\"}", "w*4 pos fm pos rw r*6",
      "ok*4 @4 ok @5 ok =0 =1*2 =2 =3 fm | stall-in clear-in", "=0 =1 =1 =2 =3 FM" },
    { "{name: queue.torn-record, on: \"WRITE(6)#2\", keep: 100}", "w*3 fm rw r*4",
      "ok*5 =0 ?1 =2 fm | stall-in clear-in", "=0 ?1 =2 FM" },
    { "{name: queue.torn-record, on: \"WRITE(6)#2\", keep: 100, rest: cut}", "w*3 fm rw r*4",
      "ok*5 =0 0/00/00+ili(924)=1/100 =2 fm | stall-csw clear-in stall-in clear-in",
      "=0 =1/100 =2 FM" },
    { "{name: queue.torn-record, on: \"WRITE(6)#2\", keep: 100, rest: stale}", "w*3 fm rw r*4",
      "ok*5 =0 ?1 =2 fm | stall-in clear-in", "=0 ?1 =2 FM" },
    { "{name: queue.merge, on: \"WRITE(6)#2\"}", "w*4 pos fm rw r*4",
      "ok*4 @4 ok*2 =0 0/00/00+ili(-1024)=1 =3 fm | stall-in clear-in", "=0 ?1 =3 FM" },
    { "{name: queue.merge, on: \"WRITE(6)#2\"}", "w*2 pos fm pos rw r*3",
      "ok*2 @2 ok @3 ok =0 =1 fm | stall-in clear-in", "=0 =1 FM" },
    { "{name: queue.split, on: \"WRITE(6)#2\", at: 100}", "w*3 pos fm rw r*5",
      "ok*3 @3 ok*2 =0 0/00/00+ili(924)=1/100 0/00/00+ili(100)? =2 fm | stall-csw clear-in "
      "stall-csw clear-in stall-in clear-in",
      "=0 =1/100 ? =2 FM" },
    { "{name: queue.stale-buffer, on: \"WRITE(6)#3\"}", "w*4 fm", "ok*5", "=0 =1 =1 =3 FM" },
    { "{name: queue.stale-buffer, on: \"READ(6)#3\"}", "w*4 fm rw r*5",
      "ok*6 =0 =1*2 =3 fm | stall-in clear-in", "=0 =1 =2 =3 FM" },
    { "{name: queue.stale-buffer, on: \"READ(6)#2\", source: next}", "w*4 fm rw r*5",
      "ok*6 =0 =2*2 =3 fm | stall-in clear-in", "=0 =1 =2 =3 FM" },
    /* The forms with an address */
    { "{name: queue.reorder, on: \"WRITE(16)#2\", window: 3}", "wide=1 w*6 pos fm rw r*8",
      "ok*6 @6 ok*2 =0 =3 =2 =1 =4 =5 fm eod | stall-in clear-in stall-in clear-in",
      "=0 =3 =2 =1 =4 =5 FM" },
    { "{name: queue.drop, on: \"WRITE(16)#2\"}", "w*2 wide=1 w*2 fm rw r*5",
      "ok*6 =0 =1 =2 fm eod | stall-in clear-in stall-in clear-in", "=0 =1 =2 FM" },
    { "{name: queue.stale-buffer, on: READ(16), count: 2}", "w*3 fm rw r wide=1 r*3",
      "ok*5 =0*3 fm | stall-in clear-in", "=0 =1 =2 FM" },
    { "{name: medium.read-error, record: 1, on: READ(16)}", "w*3 wide=1 rw r*3",
      "ok*4 =0 3/11/00(1024) =2 | stall-in clear-in", "=0 =1 =2" },
    { "{name: medium.filemark}", "w cdb=80000000000000000000000100000100 w fm", "ok*4",
      "=0 =1 FM" },
    { "{name: usb.short-out, on: WRITE(16), length: 100}", "w wide=1 w w", "ok short:100 ok",
      "=0 =1/100 =2" },
    /* Several at once */
    { "[{name: queue.drop, on: \"WRITE(6)#2\"}, {name: queue.hold, records: 3}]", "w*5 fm rw r*5",
      "ok*7 =0 =2 =3 =4 fm | stall-in clear-in", "=0 =2 =3 =4 FM" },
    { "{name: queue.drop, count: inf, every: 3}", "w*9 pos fm", "ok*9 @9 ok",
      "=1 =2 =4 =5 =7 =8 FM" },
    { "{name: queue.reorder, window: 2, count: 2, every: 2}", "w*9 fm", "ok*10",
      "=1 =0 =2 =4 =3 =5 =6 =7 =8 FM" },
    { NULL },
};

START_TEST(queue)
{
    fault_row_check(&fault_queue_rows[_i]);
}
END_TEST

TCase *make_fault_queue_tcase(void)
{
    TCase *tcase = tcase_create("queue");

    tcase_add_loop_test(tcase, queue, 0, G_N_ELEMENTS(fault_queue_rows) - 1);
    return tcase;
}
