/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over its corpus, as a plain program: what a fuzzer once found stays a test.
 *
 * Arguments are files, or directories whose files are taken in order of their names. Each input is
 * given whole, then cut short at up to CUTS places, since most parsers break at the end of the
 * data. Output is TAP, one line a file; no file at all is a failure.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* libFuzzer's own mutations are left out here; those of a target, if it has any, are not. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
    __attribute__((weak));

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
    return size;
}

/* In an allocation of exactly its size, so that the sanitizer sees the first byte read beyond. */
static void run_exact(const char *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    g_assert(copy);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_mutated(const char *data, size_t size)
{
    enum { SEEDS = 4, ROOM = 1024 };
    g_autofree uint8_t *copy = g_malloc(size + ROOM);
    unsigned seed;

    for (seed = 0; LLVMFuzzerCustomMutator && seed < SEEDS; seed++) {
        memcpy(copy, data, size);
        run_exact((const char *)copy, LLVMFuzzerCustomMutator(copy, size, size + ROOM, seed));
    }
}

static void replay_file(const char *path, guint number)
{
    g_autofree char *data = NULL;
    g_autofree char *base = g_path_get_basename(path);
    g_autoptr(GError) error = NULL;
    gsize size;
    gsize cut;

    /* A crash below must show which input it was. */
    fprintf(stderr, "replaying %s\n", path);
    if (!g_file_get_contents(path, &data, &size, &error)) {
        printf("not ok %u - %s: %s\n", number, base, error->message);
        return;
    }
    run_exact(data, size);
    run_mutated(data, size);
    for (cut = 0; cut < CUTS && cut < size; cut++) {
        run_exact(data, size * cut / MIN(size, CUTS));
    }
    printf("ok %u - %s\n", number, base);
    fflush(stdout);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_directory(GPtrArray *paths, const char *directory)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    const char *name;
    guint i;

    while (dir && (name = g_dir_read_name(dir))) {
        g_ptr_array_add(found, g_build_filename(directory, name, NULL));
    }
    g_ptr_array_sort(found, compare_names);
    for (i = 0; i < found->len; i++) {
        g_ptr_array_add(paths, found->pdata[i]);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    guint i;
    int a;

    for (a = 1; a < argc; a++) {
        if (g_file_test(argv[a], G_FILE_TEST_IS_DIR)) {
            add_directory(paths, argv[a]);
        } else {
            g_ptr_array_add(paths, g_strdup(argv[a]));
        }
    }
    if (paths->len == 0) {
        printf("1..1\nnot ok 1 - the corpus is empty\n");
        return 1;
    }
    printf("1..%u\n", paths->len);
    for (i = 0; i < paths->len; i++) {
        replay_file(paths->pdata[i], i + 1);
    }
    return 0;
}
