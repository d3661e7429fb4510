/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTML page: one file, no script, nothing fetched. A policy in it makes browsers refuse both. It
 * follows the reader's light or dark mode and fits a phone.
 */
#ifndef USBTAPE_SCENARIOS_PAGE_H
#define USBTAPE_SCENARIOS_PAGE_H

#include <glib.h>

/* How each page begins. A file that begins so was written by the runner and may be replaced. */
#define PAGE_BEGINS "<!DOCTYPE html>\n<html lang=\"en\"><!-- usbtape run -->"

/* These marks enclose the story of a case in story.html, so that other pages can copy it. Output
 * of guests is escaped and cannot hold them. */
#define PAGE_CASE_BEGINS "<!-- case -->"
#define PAGE_CASE_ENDS   "<!-- end of case -->"
/* Stands once in the story, before all else that can be folded. A page of many cases folds those
 * that passed. */
#define PAGE_CASE_OPEN   "<details open>"
#define PAGE_CASE_FOLDED "<details>"

/* What follows PAGE_BEGINS, up to the content. */
void page_begin(GString *to, const char *title);
void page_end(GString *to);

/* What happened, in its own colour: a verdict, whether or not it was expected. */
void page_verdict(GString *to, const char *verdict);
/* Whether that was expected: in words, with a sign if it was not. */
void page_expectation(GString *to, gboolean passed, const char *expected);

#endif
