// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What makes a usb-storage with mutant=N a bad driver. transport.c calls mutant_transport() where
 * it called us->transport() (mutant.sed); all else is the distribution's.
 *
 * st has one command outstanding, so nothing above a driver can be put out of order: what a queue
 * inside the driver does wrong is acted out here, by answering GOOD early and sending later. Which
 * WRITE (or READ) it happens to is `at`, counted from when `mutant` was last set; it happens once.
 * The numbers are those of the models F1 to F8 of a Windows host (scenarios/kb817765/README.md).
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>

#include <mutant.h>
#include <transport.h>
#include <usb.h>

#define HELD_MAX 8

enum {
    MUTANT_NONE,      /* 0: the driver as it was */
    MUTANT_KEY,       /* 1: a queue sorted by a stale key: the WRITE goes after the next one */
    MUTANT_NO_FREEZE, /* 2: the queue runs on while one is retried: after the next two */
    MUTANT_TAIL,      /* 3: what is retried goes to the queue's tail: after the next seven */
    MUTANT_LIFO,      /* 4: after an error the newest goes first: three, backwards */
    MUTANT_LOST,      /* 5: what arrives while the queue is frozen and empty is never sent */
    MUTANT_SENSE,     /* 6: the next command overtakes REQUEST SENSE: a failed one looks good */
    MUTANT_TWICE,     /* 7: a reset has what is on the tape already sent again */
    MUTANT_READS,     /* 8: two READs change places */
    N_MUTANTS
};

/* How many WRITEs are held when the first of them goes out. */
static const unsigned int hold[N_MUTANTS] = {
    [MUTANT_KEY] = 1,
    [MUTANT_NO_FREEZE] = 1,
    [MUTANT_TAIL] = 1,
    [MUTANT_LIFO] = 3,
};
/* How many others go out before what is held does. */
static const unsigned int passing[N_MUTANTS] = {
    [MUTANT_KEY] = 1,
    [MUTANT_NO_FREEZE] = 2,
    [MUTANT_TAIL] = 7,
};

/* A command that was taken off the one that the SCSI layer knows, which has been answered. */
struct held {
    struct scsi_cmnd srb; /* what the transport looks at, no more */
    struct scatterlist sg;
    void *data;
    int result;
};

/* All of it is the control thread's alone, but for the parameters. One drive. */
static unsigned int seen; /* WRITEs (or READs) since `mutant` was set */
static unsigned int passed;
static bool acted;
static struct held *waiting[HELD_MAX];
static unsigned int n_waiting;
static struct held *read_ahead;

static unsigned int mutant;
static bool mutant_changed;
static unsigned int at = 5;
module_param(at, uint, 0644);
MODULE_PARM_DESC(at, "the WRITE (or READ) that it happens to, from 1");

static int set_mutant(const char *text, const struct kernel_param *param)
{
    unsigned int value;
    int error = kstrtouint(text, 0, &value);

    if (error)
        return error;
    if (value >= N_MUTANTS)
        return -EINVAL;
    *(unsigned int *)param->arg = value;
    WRITE_ONCE(mutant_changed, true);
    return 0;
}

static const struct kernel_param_ops mutant_ops = {
    .set = set_mutant,
    .get = param_get_uint,
};
module_param_cb(mutant, &mutant_ops, &mutant, 0644);
MODULE_PARM_DESC(mutant, "0: a good driver; 1 to 8: what it does wrong");

static bool is_write(const struct scsi_cmnd *srb)
{
    return srb->cmnd[0] == WRITE_6 || srb->cmnd[0] == WRITE_16;
}

static bool is_read(const struct scsi_cmnd *srb)
{
    return srb->cmnd[0] == READ_6 || srb->cmnd[0] == READ_16;
}

static void held_free(struct held *held)
{
    if (held)
        kfree(held->data);
    kfree(held);
}

/* NULL: no memory, or longer than can be had in one piece; then nothing goes wrong this time. */
static struct held *held_new(struct scsi_cmnd *srb)
{
    struct held *held = kzalloc(sizeof(*held), GFP_NOIO);
    unsigned int length = scsi_bufflen(srb);

    if (held && length)
        held->data = kmalloc(length, GFP_NOIO | __GFP_NOWARN);
    if (!held || !held->data) {
        held_free(held);
        return NULL;
    }
    sg_init_one(&held->sg, held->data, length);
    if (srb->sc_data_direction == DMA_TO_DEVICE)
        sg_copy_to_buffer(scsi_sglist(srb), scsi_sg_count(srb), held->data, length);
    held->srb.device = srb->device;
    held->srb.sc_data_direction = srb->sc_data_direction;
    held->srb.cmd_len = srb->cmd_len;
    memcpy(held->srb.cmnd, srb->cmnd, srb->cmd_len);
    held->srb.sdb.table.sgl = &held->sg;
    held->srb.sdb.table.nents = 1;
    held->srb.sdb.table.orig_nents = 1;
    held->srb.sdb.length = length;
    return held;
}

static int held_send(struct held *held, struct us_data *us)
{
    scsi_set_resid(&held->srb, 0);
    held->result = us->transport(&held->srb, us);
    return held->result;
}

/* Newest first. That one fails which was answered long ago, nobody hears of. */
static void send_waiting(struct us_data *us)
{
    while (n_waiting > 0) {
        struct held *held = waiting[--n_waiting];

        held_send(held, us);
        held_free(held);
    }
}

static void note(struct us_data *us, const char *what)
{
    acted = true;
    dev_info(&us->pusb_intf->dev, "mutant %u: %s %u\n", mutant, what, seen);
}

/* True: it is answered with GOOD, and what comes of it is seen to. */
static bool keep_write(struct scsi_cmnd *srb, struct us_data *us)
{
    struct held *held;

    if (mutant == MUTANT_LOST) {
        note(us, "never sent: WRITE");
        return true;
    }
    held = held_new(srb);
    if (!held)
        return false;
    waiting[n_waiting++] = held;
    if (n_waiting == hold[mutant])
        note(us, "held back: WRITE");
    return true;
}

static int do_write(struct scsi_cmnd *srb, struct us_data *us)
{
    bool due = mutant != MUTANT_READS && !acted && ++seen >= at;
    int result;

    if (due && (hold[mutant] || mutant == MUTANT_LOST) && keep_write(srb, us)) {
        if (acted && mutant == MUTANT_LIFO)
            send_waiting(us);
        return USB_STOR_TRANSPORT_GOOD;
    }
    result = us->transport(srb, us);
    if (due && mutant == MUTANT_TWICE && result == USB_STOR_TRANSPORT_GOOD) {
        struct held *again = held_new(srb);

        if (again) {
            note(us, "sent twice: WRITE");
            held_send(again, us);
            held_free(again);
        }
    }
    if (n_waiting > 0 && ++passed >= passing[mutant])
        send_waiting(us);
    return result;
}

/* What came of an earlier command is what comes of this one. */
static int held_give(struct held *held, struct scsi_cmnd *srb)
{
    unsigned int moved = scsi_bufflen(&held->srb) - scsi_get_resid(&held->srb);
    int result = held->result;

    moved = min(moved, scsi_bufflen(srb));
    sg_copy_from_buffer(scsi_sglist(srb), scsi_sg_count(srb), held->data, moved);
    scsi_set_resid(srb, scsi_bufflen(srb) - moved);
    held_free(held);
    return result;
}

/* The one that goes ahead stands for the next READ, so that this one gets the next one's block. */
static int do_read(struct scsi_cmnd *srb, struct us_data *us)
{
    struct held *held = read_ahead;

    if (held) {
        read_ahead = NULL;
        return held_give(held, srb);
    }
    if (acted || ++seen < at)
        return us->transport(srb, us);
    held = held_new(srb);
    if (!held)
        return us->transport(srb, us);
    if (held_send(held, us) != USB_STOR_TRANSPORT_GOOD)
        return held_give(held, srb);
    note(us, "given the next one's block: READ");
    read_ahead = held;
    return us->transport(srb, us);
}

static void forget(void)
{
    while (n_waiting > 0)
        held_free(waiting[--n_waiting]);
    held_free(read_ahead);
    read_ahead = NULL;
    seen = 0;
    passed = 0;
    acted = false;
}

int mutant_transport(struct scsi_cmnd *srb, struct us_data *us)
{
    int result;

    if (READ_ONCE(mutant_changed)) {
        WRITE_ONCE(mutant_changed, false);
        forget();
    }
    if (mutant == MUTANT_NONE)
        return us->transport(srb, us);
    if (is_write(srb))
        result = do_write(srb, us);
    else if (is_read(srb) && mutant == MUTANT_READS)
        result = do_read(srb, us);
    else {
        /* Anything else is a barrier, even for a bad queue: st waited for all before it. */
        send_waiting(us);
        held_free(read_ahead);
        read_ahead = NULL;
        result = us->transport(srb, us);
    }
    if (mutant == MUTANT_SENSE && !acted && result == USB_STOR_TRANSPORT_FAILED &&
        (is_write(srb) || is_read(srb))) {
        note(us, "sense lost, taken for GOOD: a command after WRITE");
        if (is_write(srb))
            scsi_set_resid(srb, 0);
        return USB_STOR_TRANSPORT_GOOD;
    }
    return result;
}
