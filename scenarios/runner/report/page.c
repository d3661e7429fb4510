/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/page.h"

#include "scenarios/runner/judges/verdict.h"
#include "scenarios/runner/report/markup.h"

static const char head[] =
    "<head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n"
    "<style>\n"
    ":root{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--soft:#f3f5f7;--good:#116329;"
    "--bad:#b3161f;--noticed:#8a4600;--silent:#8250df;--file:#8fb4e3;--odd:#b9d3f2;--step:#cdd5de;-"
    "-note:#c69026}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9da7b1;"
    "--line:#3d444d;--soft:#161b22;--good:#56d364;--bad:#ff8a82;--noticed:#f0a94b;--silent:#d2a8ff;"
    "--file:#2f5f9e;--odd:#1f426f;"
    "--step:#38424e;--note:#bb8009}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:66rem;padding:1rem;background:var(--bg);color:var(--fg);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "h1,h2,p,li{overflow-wrap:anywhere}h1{font-size:1.4rem}h2{font-size:1.15rem;margin:0;display:"
    "inline}"
    "h3{font-size:1rem;margin:1.4rem 0 .4rem}\n"
    "a{color:inherit}.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}\n"
    ".verdict{font-weight:600;white-space:nowrap}.sound{color:var(--good)}.noticed{color:"
    "var(--noticed)}.silent{color:var(--silent)}.broken{color:var(--bad)}.nothing{color:var(--dim)}"
    "\n"
    ".wide{overflow-x:auto;max-width:100%}\n"
    "table{border-collapse:collapse;font-size:.9rem}\n"
    "caption{text-align:left;color:var(--dim);padding:.2rem 0}\n"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:break-word}\n"
    "td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "pre,code{font:.85rem/1.4 ui-monospace,monospace}\n"
    "pre{background:var(--soft);padding:.6rem;margin:.3rem 0;white-space:pre-wrap;"
    "overflow-wrap:anywhere}\n"
    "td pre{padding:0;background:none;margin:0;min-width:9rem;max-height:14rem;overflow-y:auto}\n"
    "section{border-top:2px solid var(--line);padding:1rem 0}\n"
    "summary{cursor:pointer}\n"
    ".picture{overflow-x:auto;margin:.3rem 0}\n"
    "svg{display:block;max-width:none}svg.fit{width:100%;height:auto;min-width:40rem}\n"
    "svg text{font:12px system-ui,sans-serif;fill:var(--fg)}\n"
    "svg .small{fill:var(--dim);font-size:11px}svg .middle{text-anchor:middle}"
    "svg .end{text-anchor:end}svg text.inside{fill:var(--bg)}svg "
    "text.bad{fill:var(--bad);font-weight:600}\n"
    "svg .blank,svg .lane{fill:var(--soft)}svg .file{fill:var(--file)}svg .odd{fill:var(--odd)}\n"
    "svg .block{stroke:var(--bg);stroke-width:1}svg .axis{stroke:var(--dim);stroke-width:1}\n"
    "svg .filemark{fill:var(--fg)}svg .setmark,svg .note{fill:var(--note)}\n"
    "svg path.wrong{fill:var(--bad)}svg .bar{fill:var(--file)}svg .step{fill:var(--step)}"
    "svg rect.bad{fill:var(--bad)}\n"
    "svg .cell{fill:var(--soft);stroke:var(--dim)}svg .displaced{stroke:var(--bad);stroke-width:3}"
    "svg .lost{stroke:var(--bad);stroke-width:2;stroke-dasharray:4 3}\n"
    "svg .thread{stroke:var(--dim)}svg line.wrong{stroke:var(--bad);stroke-width:3}\n"
    "@media print{details>*{display:block}}\n"
    "</style>\n";

void page_begin(GString *to, const char *title)
{
    g_string_append(to, head);
    markup_printf(to, "<title>%s</title></head>\n<body>\n<main>\n<h1>%s</h1>\n", title, title);
}

void page_end(GString *to)
{
    markup_printf(to,
                  "</main>\n<footer class=\"dim\"><p>Made by usbtape %s.</p></footer>\n"
                  "</body></html>\n",
                  USBTAPE_VERSION);
}

void page_verdict(GString *to, const char *verdict)
{
    g_autofree char *words = g_strdelimit(g_strdup(verdict), "-", ' ');

    markup_printf(to, "<span class=\"verdict %s\">%s</span>", verdict_tone(verdict), words);
}

void page_expectation(GString *to, gboolean passed, const char *expected)
{
    if (passed) {
        g_string_append(to, "<span class=\"dim\">expected</span>");
    } else {
        markup_printf(to, "<span class=\"bad\">✗ expected %s</span>", expected);
    }
}
