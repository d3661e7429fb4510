/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/order.h"

#include <string.h>

/* A picture of more records cannot be taken in. */
#define SHOWN_MAX 48u
/* Records in order that are shown on either side of one that is not. */
#define AROUND 2

/* Per record on the tape. */
typedef struct Mark {
    bool displaced, repeated, shown;
} Mark;

/* ---- what is wrong ---- */

static void mark_repeated(const OrderRecord *records, size_t n, Mark *marks)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    size_t i;

    for (i = 0; i < n; i++) {
        marks[i].repeated = !g_hash_table_add(seen, (void *)&records[i].issued);
    }
}

/*
 * What is not in a longest ascending subsequence is displaced: patience sorting, n log n. top[k] is
 * the record that ends the best subsequence of k + 1 found so far.
 */
static void mark_displaced(const OrderRecord *records, size_t n, Mark *marks)
{
    g_autofree size_t *top = g_new(size_t, n + 1);
    g_autofree size_t *before = g_new(size_t, n + 1);
    size_t length = 0, i, k;

    for (i = 0; i < n; i++) {
        size_t low = 0, high = length;

        marks[i].displaced = !marks[i].repeated;
        if (marks[i].repeated) {
            continue;
        }
        while (low < high) {
            size_t middle = low + (high - low) / 2;

            if (records[top[middle]].issued < records[i].issued) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        before[i] = low > 0 ? top[low - 1] : n;
        top[low] = i;
        length = MAX(length, low + 1);
    }
    for (k = length > 0 ? top[length - 1] : n; k < n; k = before[k]) {
        marks[k].displaced = false;
    }
}

/* ---- those never seen on the tape ---- */

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The first SHOWN_MAX of them into `lost`; how many there are. Issued: from `first` to `end` - 1.
 */
static int64_t find_lost(const OrderRecord *records, size_t n, int64_t first, int64_t end,
                         GArray *lost)
{
    g_autofree int64_t *sorted = g_new(int64_t, n + 1);
    int64_t next = first, number, total = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        sorted[i] = records[i].issued;
    }
    qsort(sorted, n, sizeof *sorted, by_number);
    sorted[n] = end;
    for (i = 0; i <= n; i++) {
        int64_t stop = MIN(sorted[i], end);

        total += MAX(stop - next, 0);
        for (number = next; number < stop && lost->len < SHOWN_MAX; number++) {
            g_array_append_val(lost, number);
        }
        next = MAX(next, MIN(sorted[i], end - 1) + 1);
    }
    return total;
}

/* ---- what to show ---- */

/* The places on the tape where lost records would have been: after the last one issued before. */
static size_t *find_places(const OrderRecord *records, const Mark *marks, size_t n,
                           const GArray *lost)
{
    size_t *places = g_new0(size_t, lost->len + 1u);
    size_t i, next = 0;

    for (i = 0; i < n; i++) {
        if (marks[i].displaced || marks[i].repeated) {
            continue;
        }
        while (next < lost->len && g_array_index(lost, int64_t, next) < records[i].issued) {
            next++;
        }
        if (next < lost->len) {
            places[next] = i + 1;
        }
    }
    /* One that follows another lost one lies where that does, unless something is between. */
    for (i = 1; i < lost->len; i++) {
        places[i] = MAX(places[i], places[i - 1]);
    }
    return places;
}

static void show_around(Mark *marks, size_t n, size_t i)
{
    size_t from = i > AROUND ? i - AROUND : 0, to = MIN(n, i + AROUND + 1);

    for (; from < to; from++) {
        marks[from].shown = true;
    }
}

static void choose(Mark *marks, size_t n, const size_t *places, size_t n_lost)
{
    bool wrong = n_lost > 0;
    size_t i;

    for (i = 0; i < n; i++) {
        if (marks[i].displaced || marks[i].repeated) {
            show_around(marks, n, i);
            wrong = true;
        }
    }
    for (i = 0; i < n_lost && n > 0; i++) {
        show_around(marks, n, MIN(places[i], n - 1));
    }
    for (i = 0; i < n && !wrong; i++) {
        marks[i].shown = i < 6 || i + 3 >= n;
    }
}

/* False: there is no room for it. */
static bool show(StoryOrder *order, StoryRecord record, bool *gap)
{
    if (order->shown->len >= SHOWN_MAX) {
        return false;
    }
    record.after_gap = *gap;
    *gap = false;
    g_array_append_val(order->shown, record);
    return true;
}

static void add_shown(const OrderRecord *records, const Mark *marks, size_t n, const GArray *lost,
                      const size_t *places, StoryOrder *order)
{
    guint next = 0;
    bool gap = false;
    size_t i;

    for (i = 0; i <= n; i++) {
        while (next < lost->len && places[next] == i) {
            StoryRecord record = { .issued = g_array_index(lost, int64_t, next), .object = -1 };

            if (!show(order, record, &gap)) {
                break;
            }
            next++;
        }
        if (i < n) {
            StoryRecord record = { .issued = records[i].issued,
                                   .object = records[i].object,
                                   .displaced = marks[i].displaced,
                                   .repeated = marks[i].repeated };

            if (!marks[i].shown || !show(order, record, &gap)) {
                order->left_out += marks[i].displaced || marks[i].repeated;
                gap = true;
            }
        }
    }
    order->left_out += order->lost - next;
}

void order_compare(const OrderRecord *records, size_t n, int64_t first, int64_t count,
                   StoryOrder *order)
{
    g_autofree Mark *marks = g_new0(Mark, n + 1);
    g_autofree size_t *places = NULL;
    g_autoptr(GArray) lost = g_array_new(FALSE, FALSE, sizeof(int64_t));
    int64_t least = G_MAXINT64, greatest = -1;
    size_t i;

    mark_repeated(records, n, marks);
    mark_displaced(records, n, marks);
    for (i = 0; i < n; i++) {
        least = MIN(least, records[i].issued);
        greatest = MAX(greatest, records[i].issued);
        order->displaced += marks[i].displaced;
        order->repeated += marks[i].repeated;
    }
    if (count < 0) {
        first = n > 0 ? least : 0;
        count = n > 0 ? greatest - least + 1 : 0;
    }
    order->records = (int64_t)n;
    order->lost = find_lost(records, n, first, first + count, lost);
    places = find_places(records, marks, n, lost);
    choose(marks, n, places, lost->len);
    add_shown(records, marks, n, lost, places, order);
}
