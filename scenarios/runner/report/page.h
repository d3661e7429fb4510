/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTML page of our own: one file, no script, nothing from elsewhere (and a policy in it that has
 * browsers refuse both), light or dark as the reader has it, usable on a phone.
 */
#ifndef USBTAPE_SCENARIOS_PAGE_H
#define USBTAPE_SCENARIOS_PAGE_H

#include <glib.h>

/* How each of our pages begins: what else begins so was written by us. */
#define PAGE_BEGINS "<!DOCTYPE html>\n<html lang=\"en\"><!-- usbtape run -->"

/* Around what a page has to say of one case, in story.html: so that other pages can take it over.
 * What guests print cannot hold it, since it is escaped. */
#define PAGE_CASE_BEGINS "<!-- case -->"
#define PAGE_CASE_ENDS   "<!-- end of case -->"
/* Within it, once before all else that can be folded: a page of many cases folds what passed. */
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
