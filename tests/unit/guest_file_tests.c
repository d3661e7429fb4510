/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/error.h"
#include "scenarios/runner/language/guest-file.h"
#include "scenarios/runner/subject.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_guest_file_tcase(void);

#define ABOUT "about: a\n"

static const struct {
    const char *path, *text, *message;
} refused[] = {
    { "g.yaml", "[]\n", "g.yaml:1:1: this must be a map of keys, not a list" },
    { "g.yaml", ABOUT, "g.yaml:1:1: the key 'subject' is missing" },
    { "g.yaml", "subject: machine\nbuilder: b\n", "g.yaml:1:1: the key 'about' is missing" },
    { "g.yaml", ABOUT "subject: machine\n", "g.yaml:1:1: the key 'builder' is missing" },
    { "g.yaml", ABOUT "subject: toaster\n", "g.yaml:2:10: 'toaster'" },
    { "g.yaml", ABOUT "subject: simulated host\nbuilder: b\n",
      "g.yaml:3:10: a simulated host is not built" },
    { "g.yaml", ABOUT "subject: machine\nbuilder: b\ncolour: red\n", "g.yaml:4:" },
    { "g.yaml", ABOUT "subject: machine\nbuilder: b\nmodel: maybe\n", "g.yaml:4:8: " },
    { "dir/a b.yaml", ABOUT "subject: machine\nbuilder: b\n",
      "dir/a b.yaml: a guest's file is named with a-z, 0-9" },
    { "dir/.yaml", ABOUT "subject: machine\nbuilder: b\n", "dir/.yaml: a guest's file is named" },
};

START_TEST(a_wrong_file_is_refused_with_its_place)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestKind) kind =
        guest_file_parse(refused[_i].path, refused[_i].text, strlen(refused[_i].text), &error);

    ck_assert_ptr_null(kind);
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
    ck_assert_msg(g_str_has_prefix(error->message, refused[_i].message), "%s", error->message);
}
END_TEST

START_TEST(a_file_gives_the_guest_its_name_and_its_builder)
{
    static const char text[] = ABOUT "subject: machine\nbuilder: ../b\nown-kernel: k\nneeds: make\n"
                                     "model: true\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestKind) kind = guest_file_parse("/d/e/my-os.yaml", text, strlen(text), &error);

    ck_assert_msg(kind != NULL, "%s", error ? error->message : "");
    ck_assert_str_eq(kind->name, "my-os");
    ck_assert_str_eq(kind->about, "a");
    ck_assert_str_eq(kind->builder, "/d/b");
    ck_assert_str_eq(kind->own_kernel, "/d/e/k");
    ck_assert_str_eq(kind->needs, "make");
    ck_assert_ptr_nonnull(kind->note);
    ck_assert_ptr_eq(kind->subject, &subject_guest);
}
END_TEST

static void a_scenario_without_guest_runs_on(const char *name, const GuestKind *kind)
{
    static const char text[] = "name: n\nabout: a\nsteps: [{run: x}]\n";
    const ScenarioOptions options = { .guest = name };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, strlen(text), &options, &error);
    g_autofree char *case_name = NULL;

    ck_assert_msg(cases != NULL && cases->len == 1, "%s", error ? error->message : "");
    ck_assert_ptr_eq(((const Scenario *)cases->pdata[0])->guest, kind);
    case_name = scenario_case_name(cases->pdata[0]);
    ck_assert_str_eq(case_name, "n.added-os");
}

START_TEST(a_directory_adds_its_guests)
{
    g_autofree char *dir = suite_temp_dir();
    g_autofree char *path = g_build_filename(dir, "added-os.yaml", NULL);
    g_autofree char *other = g_build_filename(dir, "README", NULL);
    g_autoptr(GError) error = NULL;
    const GPtrArray *kinds;
    const GuestKind *kind;

    ck_assert(!guest_files_add(dir, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "no guest (*.yaml) in this directory"));
    g_clear_error(&error);
    ck_assert(g_file_set_contents(path, ABOUT "subject: machine\nbuilder: b\n", -1, NULL));
    ck_assert(g_file_set_contents(other, "?", -1, NULL));
    ck_assert_msg(guest_files_add(dir, &error), "%s", error ? error->message : "");
    kind = subject_kind_by_name("added-os", &error);
    ck_assert_ptr_nonnull(kind);
    a_scenario_without_guest_runs_on("added-os", kind);
    kinds = guest_kinds(&error);
    ck_assert_str_eq(((const GuestKind *)kinds->pdata[0])->name, GUEST_DEFAULT);

    ck_assert(!guest_files_add(dir, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "there is a guest 'added-os' already"));
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_named)
{
    g_autoptr(GError) error = NULL;

    ck_assert(!guest_files_add("/nowhere/at/all", &error));
    ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
    ck_assert_ptr_nonnull(strstr(error->message, "/nowhere/at/all"));
}
END_TEST

TCase *make_guest_file_tcase(void)
{
    TCase *tcase = tcase_create("guest-file");

    tcase_add_loop_test(tcase, a_wrong_file_is_refused_with_its_place, 0, G_N_ELEMENTS(refused));
    tcase_add_test(tcase, a_file_gives_the_guest_its_name_and_its_builder);
    tcase_add_test(tcase, a_directory_adds_its_guests);
    tcase_add_test(tcase, a_directory_that_is_not_there_is_named);
    return tcase;
}
