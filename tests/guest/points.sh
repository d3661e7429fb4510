# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tests of this folder: points of TAP, and what a command has to come to.
number=0
point() { # NAME CONDITION-COMMAND...
    number=$((number + 1))
    local name=$1
    shift
    if "$@"; then echo "ok $number - $name"; else echo "not ok $number - $name"; fi
}
status_is() { # STATUS COMMAND...
    local want=$1 got=0
    shift
    "$@" >last.out 2>last.err || got=$?
    [ "$got" -eq "$want" ] || { echo "# status $got, not $want: $(tail -n 1 last.err)"; return 1; }
}
says() { grep -qF -- "$1" "$2" || { echo "# $2 does not say: $1"; head -n 5 "$2" | sed 's/^/# /'; return 1; }; }
verdict_is() { says "\"verdict\":\"$2\"" "out/$1/verdict.json"; }
