#!/bin/sh
# Runs every command line of docs/guide.md in a temporary folder, in order, and renews the guide's pictures.
#
#     docs/guide.sh [path of the binary]         # target/release/aeolian if not said
#     GUIDE_STEPS=16 docs/guide.sh               # quicker and coarser; unset, the program's own number of steps
#
# A command line is a line of the guide that is indented by four spaces and begins with "aeolian".
set -eu

docs=$(cd "$(dirname "$0")" && pwd)
program=${1:-$docs/../target/release/aeolian}
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The program as the guide calls it.
aeolian() {
    case $1 in
    analyze | reproduce | render | transcribe) "$program" "$@" ;;
    *) "$program" "$@" ${GUIDE_STEPS:+--steps "$GUIDE_STEPS"} ;;
    esac
}

sed -n 's/^    \(aeolian .*\)$/\1/p' "$docs/guide.md" >"$folder/lines"
cd "$folder"
while IFS= read -r line <&3; do
    echo "\$ $line"
    eval "$line"
done 3<lines

# What the guide shows: name of the picture, and whose it is.
mkdir -p "$docs/pictures/guide"
while read -r name piece; do
    cp "$folder/$piece.svg" "$docs/pictures/guide/$name.svg"
done <<'PICTURES'
compose tune/aeolian-7
band styles/aeolian-11
continue onward/melody-4-accompany-1-continue-1
infill gap/melody-4-accompany-1-infill-3
melody song/melody-4
accompany song/melody-4-accompany-1
harmonize song/melody-4-harmonize-2
reharmonize song/melody-4-harmonize-2-reharmonize-1
vary sisters/melody-4-accompany-1-vary-1
morph between/melody-4-accompany-1-morph-1-2
perform played/melody-4-accompany-1-perform-2
arrange sorted/melody-4-accompany-1-arrange-1
shorten fitted/aeolian-7-shorten-1
wishes wishes/aeolian-13
rules rules/aeolian-21
PICTURES
