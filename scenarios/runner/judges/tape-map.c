/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/tape-map.h"

#include "media/formats/formats.h"
#include "scenarios/runner/judges/order.h"
#include "scenarios/subjects/linux/stamp.h"
#include "scenarios/subjects/mtf/payload.h"

/* A tape is hostile: a number beyond this is none that a program counted up to. */
#define SEQUENCE_MAX (1ull << 48)
/* Records of one run whose order is looked at; and how many runs there may be. */
#define RECORDS_MAX (1u << 20)
#define RUNS_MAX    20u

/* The records of one run, as they lie on the tape. */
typedef struct RunRecords {
    uint64_t run;
    GArray *records; /* of OrderRecord */
    bool too_many;
} RunRecords;

typedef struct Map {
    StoryTape *tape;
    GPtrArray *runs; /* of RunRecords */
    int64_t object, file;
} Map;

static void run_records_free(void *data)
{
    RunRecords *run = data;

    g_array_unref(run->records);
    g_free(run);
}

static RunRecords *records_of(Map *map, uint64_t number)
{
    RunRecords *run;
    guint i;

    for (i = 0; i < map->runs->len; i++) {
        run = map->runs->pdata[i];
        if (run->run == number) {
            return run;
        }
    }
    if (map->runs->len == RUNS_MAX) {
        return NULL;
    }
    run = g_new0(RunRecords, 1);
    run->run = number;
    run->records = g_array_new(FALSE, FALSE, sizeof(OrderRecord));
    g_ptr_array_add(map->runs, run);
    return run;
}

/* ---- objects ---- */

static bool continues(const StoryObjects *last, const StoryObjects *next)
{
    return last->kind == next->kind && last->file == next->file && last->size == next->size &&
           last->stamped == next->stamped &&
           (!next->stamped ||
            (last->run == next->run && last->sequence + (uint64_t)last->count == next->sequence));
}

/* Marks one after the other are an entry, too, though each begins another file. */
static bool marks_continue(const StoryObjects *last, const StoryObjects *next)
{
    return last->kind == next->kind &&
           (next->kind == STORY_FILEMARK || next->kind == STORY_SETMARK) &&
           last->object + last->count == next->object;
}

static void add(Map *map, StoryObjects next)
{
    GArray *objects = map->tape->objects;
    StoryObjects *last =
        objects->len > 0 ? &g_array_index(objects, StoryObjects, objects->len - 1) : NULL;

    next.object = map->object++;
    next.file = map->file;
    next.count = 1;
    map->tape->bytes += next.size;
    if (map->tape->more == 0 && last && (continues(last, &next) || marks_continue(last, &next))) {
        last->count++;
    } else if (objects->len < TAPE_MAP_OBJECTS_MAX) {
        g_array_append_val(objects, next);
    } else {
        map->tape->more++;
    }
}

/* A stamped record, or a block of the simulated backup: whose, and which of its writes? */
static bool identify(const uint8_t *bytes, size_t length, uint64_t *run, uint64_t *sequence)
{
    MtfPayload payload;
    Stamp stamp;

    if (stamp_check(bytes, length, &stamp)) {
        *run = stamp.run;
        *sequence = stamp.sequence;
        return stamp.sequence < SEQUENCE_MAX;
    }
    if (mtf_payload_find(bytes, length, &payload)) {
        *run = payload.run;
        *sequence = payload.write;
        return payload.write < SEQUENCE_MAX;
    }
    return false;
}

static void add_block(Map *map, const uint8_t *bytes, size_t length)
{
    StoryObjects block = { .kind = STORY_BLOCK, .size = length };

    block.stamped = identify(bytes, length, &block.run, &block.sequence);
    if (block.stamped) {
        RunRecords *run = records_of(map, block.run);
        OrderRecord record = { (int64_t)block.sequence, map->object };

        if (run && run->records->len < RECORDS_MAX) {
            g_array_append_val(run->records, record);
        } else if (run) {
            run->too_many = true;
        }
    }
    map->tape->blocks++;
    add(map, block);
}

static bool take(Map *map, MediumResult result, const uint8_t *bytes, size_t length)
{
    switch (result) {
    case MEDIUM_OK:
    case MEDIUM_EARLY_WARNING:
        add_block(map, bytes, length);
        return true;
    case MEDIUM_FILEMARK:
        add(map, (StoryObjects){ .kind = STORY_FILEMARK });
        map->tape->filemarks++;
        map->file++;
        return true;
    case MEDIUM_SETMARK:
        add(map, (StoryObjects){ .kind = STORY_SETMARK });
        map->tape->setmarks++;
        return true;
    case MEDIUM_READ_ERROR:
    case MEDIUM_CORRUPT:
        add(map, (StoryObjects){ .kind = STORY_DAMAGED, .size = length });
        map->tape->damaged++;
        return true;
    case MEDIUM_EOD:
    case MEDIUM_END_OF_PARTITION:
        return false;
    case MEDIUM_BOP:
    case MEDIUM_WRITE_ERROR:
    case MEDIUM_PROTECTED:
    case MEDIUM_WORM:
    case MEDIUM_INVALID:
    case MEDIUM_UNSUPPORTED:
    case MEDIUM_HOST_ERROR:
        break;
    }
    g_free(map->tape->note);
    map->tape->note =
        g_strdup_printf("it cannot be read on after object %" G_GINT64_FORMAT, map->object);
    return false;
}

/* ---- order ---- */

/* What the scenario says was issued of a run on this cartridge. */
static const StampRange *range_of(const GPtrArray *stamps, int cartridge, uint64_t run)
{
    guint i;

    for (i = 0; stamps && i < stamps->len; i++) {
        const StampRange *range = stamps->pdata[i];

        if (range->cartridge == cartridge && (uint64_t)range->run == run) {
            return range;
        }
    }
    return NULL;
}

static void add_order(Story *story, int cartridge, const RunRecords *run, const StampRange *range)
{
    g_autoptr(GString) title = g_string_new(NULL);
    const OrderRecord *records = (const OrderRecord *)(void *)run->records->data;
    int64_t first = range ? range->first : 0, count = range ? range->records.min : -1;
    guint i;

    g_string_printf(title, "run %" G_GUINT64_FORMAT " on cartridge %d", run->run, cartridge);
    if (run->too_many) {
        g_string_append_printf(title, ", its first %u records", RECORDS_MAX);
    }
    for (i = 0; range && i < run->records->len; i++) {
        count = MAX(count, records[i].issued - first + 1);
    }
    order_compare(records, run->records->len, first, count,
                  story_add_order(story, cartridge, title->str));
}

/* A run that was expected and left nothing is the most displaced of all. */
static void expect_runs(Map *map, int cartridge, const GPtrArray *stamps)
{
    guint i;

    for (i = 0; stamps && i < stamps->len; i++) {
        const StampRange *range = stamps->pdata[i];

        if (range->cartridge == cartridge) {
            records_of(map, (uint64_t)range->run);
        }
    }
}

void tape_map_add(Story *story, int number, const char *path, const GPtrArray *stamps)
{
    StoryTape *tape = story_add_tape(story, number);
    Map map = { .tape = tape, .runs = g_ptr_array_new_with_free_func(run_records_free) };
    g_autoptr(GPtrArray) runs = map.runs;
    g_autoptr(GError) error = NULL;
    g_autoptr(TapeMedium) medium = medium_open(path, true, executor_inline(), &tape->note, &error);
    g_autofree uint8_t *buffer = NULL;
    MediumResult result;
    MediumInfo info;
    size_t length;
    guint i;

    if (!medium) {
        g_free(tape->note);
        tape->note = g_strdup(error->message);
        return;
    }
    medium_info(medium, &info);
    tape->format = g_strdup(info.format);
    tape->capacity = info.geometry.capacity;
    if (info.geometry.partitions > 1 && !tape->note) {
        tape->note = g_strdup_printf("this is partition 0 of %u: tape.txt has them all",
                                     info.geometry.partitions);
    }
    buffer = g_malloc(MEDIUM_BLOCK_MAX);
    medium_locate(medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    do {
        length = 0;
        result = medium_read(medium, buffer, MEDIUM_BLOCK_MAX, &length);
    } while (take(&map, result, buffer, length));
    expect_runs(&map, number, stamps);
    for (i = 0; i < runs->len; i++) {
        const RunRecords *run = runs->pdata[i];

        add_order(story, number, run, range_of(stamps, number, run->run));
    }
}
