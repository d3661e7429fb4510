/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: bench-faults
 *
 * What a drive pays for the fault engine when no rule is in force: the whole core under a host in
 * the same process, once without an engine and once with one that has no rules, on tapes in memory.
 * The two take turns; the ratio is the median over the turns. Small blocks, where a command is the
 * cost, and blocks of 64 KiB, as backups write them.
 *
 * Then the same of the judge of the bus, which works where there is a trace or a capture, and of
 * `--pcap`, whole and with the first 4 KiB of each transfer (--pcap-snap 4KiB),
 * into a file in $TMPDIR: what evidence costs, which has no bar.
 *
 * The exit status says whether the bar is met.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "emu/base/bytes.h"
#include "emu/bot/wire.h"
#include "emu/drive.h"
#include "emu/link/pcap.h"
#include "media/formats/formats.h"

#define TURNS      101
#define PCAP_TURNS 21
#define BAR        0.98

/* What a drive has besides itself. */
typedef enum With {
    NOTHING,
    ENGINE, /* of faults, without rules */
    JUDGE,  /* of the bus */
    PCAP,
    PCAP_SNAP,
} With;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench-faults: %s failed\n", what);
        exit(1);
    }
}

typedef struct Rig {
    FaultPlan *faults; /* NULL: no engine */
    UsbPcap *pcap;     /* NULL: none */
    Clock *clock;
    Executor *executor;
    Drive *drive;
    GBytes *block;  /* what WRITE(6) sends */
    uint8_t status; /* bCSWStatus of the last command */
} Rig;

static void completed(UsbTransfer *transfer, void *data)
{
    Rig *rig = data;

    must(transfer->result == USB_DONE && transfer->actual == transfer->length, "transfer");
    if (transfer->phase == USB_PHASE_CSW) {
        rig->status = transfer->in[12];
    }
}

static void transfer(Rig *rig, uint8_t endpoint, GBytes *out, size_t length)
{
    UsbTransfer t = {
        .endpoint = endpoint,
        .out = out,
        .length = length,
        .complete = completed,
        .complete_data = rig,
    };

    usb_device_submit(drive_usb(rig->drive), &t); /* each ends before this returns */
}

static uint8_t command(Rig *rig, const uint8_t cdb[6], uint8_t flags, uint32_t length)
{
    uint8_t cbw[BOT_CBW_LENGTH] = { 0 };
    g_autoptr(GBytes) bytes = NULL;

    put_le32(cbw, BOT_CBW_SIGNATURE);
    put_le32(cbw + 8, length);
    cbw[12] = flags;
    cbw[14] = 6;
    memcpy(cbw + 15, cdb, 6);
    bytes = g_bytes_new(cbw, sizeof cbw);
    transfer(rig, USB_BULK_OUT, bytes, sizeof cbw);
    if (length > 0) {
        bool in = flags & BOT_CBW_DATA_IN;

        transfer(rig, in ? USB_BULK_IN : USB_BULK_OUT, in ? NULL : rig->block, length);
    }
    transfer(rig, USB_BULK_IN, NULL, BOT_CSW_LENGTH);
    return rig->status;
}

static void rewind_tape(Rig *rig)
{
    must(command(rig, (uint8_t[6]){ 0x01 }, 0, 0) == BOT_PASSED, "REWIND");
}

static void capture(Rig *rig, size_t snap)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "usbtape-bench.pcapng", NULL);
    UsbPcapConfig config = { .path = path, .snap = snap, .clock = rig->clock };

    rig->pcap = usb_pcap_open(&config, NULL);
    must(rig->pcap != NULL, path);
    unlink(path);
    usb_device_watch(drive_usb(rig->drive), usb_pcap_monitor(rig->pcap));
}

static void rig_start(Rig *rig, With with)
{
    const SscModel *model = ssc_model_by_name(NULL, NULL);
    DriveConfig config = { .model = model, .speed = USB_SPEED_HIGH };
    MediumGeometry geometry = { .partitions = 1 };
    unsigned tries;

    rig->clock = virtual_clock_new();
    rig->executor = executor_inline();
    rig->faults = with == ENGINE ? fault_plan_new(1) : NULL;
    config.clock = rig->clock;
    config.executor = rig->executor;
    config.faults = rig->faults;
    drive_default_identity(model, "bench", &config.identity);
    rig->drive = drive_new(&config, NULL);
    must(rig->drive && drive_insert(rig->drive, medium_ram_new(&geometry)), "drive");
    if (with == JUDGE) {
        drive_judge_bus(rig->drive);
    }
    if (with == PCAP || with == PCAP_SNAP) {
        capture(rig, with == PCAP ? 0 : 4096);
    }
    must(usb_device_set_configuration(drive_usb(rig->drive), 1), "SET_CONFIGURATION");
    for (tries = 0; tries < 4; tries++) { /* unit attentions */
        command(rig, (uint8_t[6]){ 0x00 }, 0, 0);
    }
    rewind_tape(rig);
}

static void rig_stop(Rig *rig)
{
    drive_free(rig->drive);
    must(!rig->pcap || usb_pcap_close(rig->pcap), "capture");
    fault_plan_free(rig->faults);
    clock_free(rig->clock);
}

/* Processor seconds: the clock on the wall would measure the neighbours. */
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* WRITE(6) from the beginning of the tape, or READ(6) of what is there; seconds. */
static double pass(Rig *rig, bool write, uint32_t size, unsigned blocks)
{
    uint8_t cdb[6] = { write ? 0x0a : 0x08 };
    double start;
    unsigned i;

    put_be24(cdb + 2, size);
    rewind_tape(rig);
    start = now();
    for (i = 0; i < blocks; i++) {
        must(command(rig, cdb, write ? 0 : BOT_CBW_DATA_IN, size) == BOT_PASSED,
             write ? "WRITE(6)" : "READ(6)");
    }
    return now() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values, unsigned n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

typedef struct Times {
    double write, read;
} Times;

/* A drive of its own each time: where its memory happens to lie must not decide. */
static Times turn(With with, uint32_t size, unsigned blocks)
{
    Rig rig = { .block = g_bytes_new_take(g_malloc0(size), size) };
    Times times;

    rig_start(&rig, with);
    pass(&rig, true, size, blocks); /* the tape's memory is there from now on */
    times.write = pass(&rig, true, size, blocks);
    times.read = pass(&rig, false, size, blocks);
    rig_stop(&rig);
    g_bytes_unref(rig.block);
    return times;
}

/* The ratio. */
static double report(const char *what, uint32_t size, unsigned blocks, double *without,
                     double *with, unsigned turns)
{
    double ratios[TURNS] = { 0 }, ratio;
    unsigned i;

    for (i = 0; i < turns; i++) {
        ratios[i] = without[i] / with[i];
    }
    ratio = median(ratios, turns);
    printf("%6u bytes %-5s  without %8.0f ns  with %8.0f ns  ratio %.3f\n", size, what,
           median(without, turns) / blocks * 1e9, median(with, turns) / blocks * 1e9, ratio);
    return ratio;
}

/* The worse of both ratios. */
static double measure(With with, uint32_t size, unsigned blocks, unsigned turns)
{
    double writes[2][TURNS], reads[2][TURNS], write, read;
    unsigned i, k;

    for (i = 0; i < turns; i++) {
        for (k = 0; k < 2; k++) {
            bool second = k ^ i % 2; /* neither always comes first */
            Times times = turn(second ? with : NOTHING, size, blocks);

            writes[second][i] = times.write;
            reads[second][i] = times.read;
        }
    }
    write = report("write", size, blocks, writes[0], writes[1], turns);
    read = report("read", size, blocks, reads[0], reads[1], turns);
    return MIN(write, read);
}

static double measure_both(With with, const char *what, unsigned turns)
{
    double small, large;

    printf("a command with and without %s, median of %u turns\n", what, turns);
    small = measure(with, 512, 4000, turns);
    large = measure(with, 65536, 400, turns);
    return MIN(small, large);
}

int main(void)
{
    bool met = measure_both(ENGINE, "a fault engine that has no rules", TURNS) >= BAR;

    printf("bar: ratio at least %.2f: %s\n", BAR, met ? "met" : "MISSED");
    measure_both(JUDGE, "the judge of the bus", PCAP_TURNS);
    measure_both(PCAP, "--pcap", PCAP_TURNS);
    measure_both(PCAP_SNAP, "--pcap and --pcap-snap 4KiB", PCAP_TURNS);
    return met ? 0 : 1;
}
