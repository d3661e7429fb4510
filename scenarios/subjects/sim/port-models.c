/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The models, one row each. They are what could be called "an I/O queuing issue"; which of them, if
 * any, Usbstor.sys had is not known.
 */
#include "scenarios/subjects/sim/port-driver.h"

#include <string.h>

#include "emu/base/error.h"
#include "emu/base/text.h"

#define NOT_READY_NOW (HOST_TRIGGER_UNIT_ATTENTION | HOST_TRIGGER_BUSY)

static const HostModel models[] = {
    { .name = "post-fix",
      .about = "strict order, one command at a time; frozen on any error, retried first",
      .signature = "the tape is as the application wrote it",
      .known = "Microsoft: a queue is frozen on an error, RetryRequest goes to its head, the class "
               "driver releases it; ours: what is retried, and when" },
    { .name = "F1",
      .about = "the queue is sorted by keys that nobody has set (KB 150302's mechanism)",
      .signature = "writes permuted, none lost",
      .known = "KB 150302: so it was in NT 3.51, with keys that tape drivers had not set; ours: "
               "that Usbstor.sys did it",
      .triggers = HOST_TRIGGER_STALE_KEYS,
      .keys = HOST_KEYS_OF_WRITES,
      .silent_in = "restore",
      .silent_because = "it only reads; F8 is the same for reads" },
    { .name = "F2",
      .about = "the queue is not frozen on an error: later requests run before the retry",
      .signature = "the failed block is late",
      .known =
          "Microsoft: port drivers freeze their queue on an error; ours: that this one does not",
      .triggers = NOT_READY_NOW,
      .runs_on = true },
    { .name = "F3",
      .about = "a retried request goes to the tail of the queue",
      .signature = "the failed block comes after the whole backlog",
      .known = "Microsoft: RetryRequest puts a request at the head of the queue; ours: that it "
               "goes to the tail",
      .triggers = NOT_READY_NOW,
      .retries_last = true },
    { .name = "F4-lifo",
      .about = "a released queue starts with the newest request",
      .signature = "the newest block of the backlog comes first",
      .known =
          "Microsoft: IoStartNextPacket takes the head of the queue; ours: that the tail is taken",
      .triggers = NOT_READY_NOW | HOST_TRIGGER_EARLY_WARNING,
      .thaw = HOST_THAW_NEWEST },
    { .name = "F4-overlap",
      .about = "a released queue starts two requests at once",
      .signature = "a CBW before the CSW of the command before",
      .known = "Bulk-Only: one command at a time; in ReactOS' usbstor a release can start a second "
               "one; ours: that Usbstor.sys did",
      .triggers = NOT_READY_NOW | HOST_TRIGGER_EARLY_WARNING,
      .thaw = HOST_THAW_TWO },
    { .name = "F5",
      .about = "a request that arrives while the queue is frozen and empty is lost",
      .signature = "a program that waits for ever",
      .known = "in ReactOS' usbstor such a request is in neither of its queues; ours: that "
               "Usbstor.sys did it",
      .triggers = NOT_READY_NOW,
      .forgets = true },
    { .name = "F6",
      .about = "the next command goes out before REQUEST SENSE for the failed one",
      .signature = "sense lost: a block that was refused counts as written",
      .known = "Microsoft: autosense goes out although the queue is frozen; ours: that something "
               "comes before it",
      .triggers = NOT_READY_NOW,
      .overtakes = true },
    { .name = "F7",
      .about = "after Reset Recovery a command is sent again, executed or not",
      .signature = "a block twice; on restore one that is skipped",
      .known = "nothing; ours: all of it",
      .triggers = HOST_TRIGGER_STALL | HOST_TRIGGER_CSW_LOST,
      .repeats = true },
    { .name = "F8",
      .about = "reads are sorted by keys that nobody has set: F1 for reads",
      .signature = "blocks change places as they are read, the tape is sound",
      .known = "KB 150302, which speaks of writes alone; ours: that reads are sorted",
      .triggers = HOST_TRIGGER_STALE_KEYS,
      .keys = HOST_KEYS_OF_READS,
      .silent_in = "backup append",
      .silent_because = "it has never two reads outstanding" },
    { .name = "F9",
      .about = "WRITE FILEMARKS goes out before the writes that wait in the queue",
      .signature = "a mark amid the blocks that it was to follow",
      .known =
          "SSC: what is written before a mark lies before it; ours: that a queue takes the mark "
          "for a request that may pass",
      .triggers = HOST_TRIGGER_QUEUED_MARK,
      .marks_first = true,
      .silent_in = "restore",
      .silent_because = "it writes no mark" },
    { .name = "F10",
      .about = "Reset Recovery is taken for the end of the command",
      .signature = "a block that is missing; on restore one that nobody wrote",
      .known =
          "Bulk-Only: after Reset Recovery nothing is known of the command; ours: that a driver "
          "takes it as done",
      .triggers = HOST_TRIGGER_STALL_CBW | HOST_TRIGGER_NAK_FOREVER,
      .takes_reset = true },
    { NULL },
};

const HostModel *host_models(void)
{
    return models;
}

const HostModel *host_model_by_name(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree char *shown = text_quote(name);
    const HostModel *model;

    for (model = models; model->name; model++) {
        if (g_str_equal(model->name, name)) {
            return model;
        }
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", model->name);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "there is no model %s of a driver; there are %s", shown, names->str);
    return NULL;
}

static const struct {
    HostTrigger trigger;
    const char *name;
} triggers[] = {
    { HOST_TRIGGER_STALE_KEYS, "stale-keys" },
    { HOST_TRIGGER_EARLY_WARNING, "early-warning" },
    { HOST_TRIGGER_UNIT_ATTENTION, "unit-attention" },
    { HOST_TRIGGER_BUSY, "busy" },
    { HOST_TRIGGER_STALL, "stall" },
    { HOST_TRIGGER_QUEUED_MARK, "queued-mark" },
    { HOST_TRIGGER_STALL_CBW, "stall-cbw" },
    { HOST_TRIGGER_NAK_FOREVER, "nak-forever" },
    { HOST_TRIGGER_CSW_LOST, "csw-lost" },
};

char *host_triggers_text(unsigned bits)
{
    GString *text = g_string_new(NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(triggers); i++) {
        if (bits & triggers[i].trigger) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", triggers[i].name);
        }
    }
    return g_string_free(text, FALSE);
}

const char *host_trigger_name(HostTrigger trigger)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(triggers); i++) {
        if (triggers[i].trigger == trigger) {
            return triggers[i].name;
        }
    }
    return "none";
}

unsigned host_trigger_by_name(const char *name)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(triggers); i++) {
        if (g_str_equal(triggers[i].name, name)) {
            return triggers[i].trigger;
        }
    }
    return 0;
}

const char *host_event_name(HostEvent event)
{
    static const char *const names[] = {
        [HOST_EVENT_CBW] = "CBW",
        [HOST_EVENT_OVERLAP] = "CBW while another command is on the wire",
        [HOST_EVENT_CSW] = "CSW",
        [HOST_EVENT_FAILED] = "CSW: command failed",
        [HOST_EVENT_SENSE] = "sense data",
        [HOST_EVENT_FROZEN] = "queue frozen",
        [HOST_EVENT_RETRIED] = "retried",
        [HOST_EVENT_RELEASED] = "queue released",
        [HOST_EVENT_RECOVERY] = "Reset Recovery",
        [HOST_EVENT_TIMEOUT] = "timed out",
        [HOST_EVENT_LOST] = "request lost",
        [HOST_EVENT_REPEATED] = "sent again after Reset Recovery",
        [HOST_EVENT_OVERTOOK] = "goes out before REQUEST SENSE",
        [HOST_EVENT_ASSUMED] = "Reset Recovery taken for its end",
        [HOST_EVENT_RESORTED] = "sorted before requests that came earlier",
    };

    return names[event];
}
