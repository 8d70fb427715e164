#!/bin/bash
# Makes the figures of docs/evaluation.md: everything is evaluated, real music against itself, how long it takes.
#
#     docs/evaluation.sh [DATA]          # ../shared/data if not said
#     SPLITS=40 docs/evaluation.sh       # fewer random splits than 200: quicker, coarser
#     MUSPY=… SYMUSIC=…                  # Pythons with muspy 0.5.0 and with symusic; without one its ratio is left out
#
# Wants an idle machine for its times; takes about ten minutes of two cores.
set -euo pipefail

cd "$(dirname "$0")/.."
data=${1:-../shared/data}
target=${CARGO_TARGET_DIR:-target}
splits=${SPLITS:-200}
muspy=${MUSPY:-/tmp/venv-muspy/bin/python}
symusic=${SYMUSIC:-/tmp/venv-symusic/bin/python}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
TIMEFORMAT='    %R s on the clock, %U s of processors, %S s of the system'

cargo build --release
cargo build --release -p aeolian-report -p aeolian-metrics -p aeolian-score --examples
aeolian=$target/release/aeolian
examples=$target/release/examples

echo "## Everything is evaluated"
# judge CANDIDATE [OPTION…]: the sentences that say how it went.
judge() {
    "$aeolian" evaluate pieces "$@" --reference "$data/pop909/midi" >"$folder/said" 2>"$folder/log" || cat "$folder/log"
    tr '\n' ' ' <"$folder/said" | tr -s ' ' >"$folder/line"
    # A folder without a MIDI file has no such sentences: its own is in the log, shown above.
    { grep -oE "AUC [0-9.]+" "$folder/line" || true; } | head -1
    grep -oE "Compared: [^.]*\.|Left out: [^,]*," "$folder/line" || true
    grep -E "^[0-9]+ files?: " "$folder/said" || true
}
echo "every figure of every file: $("$examples/measure_folder" "$data" 2>"$folder/log" | tr '\n' ';')"
cat "$folder/log"
for bars in 0 8; do
    echo "# all of $data, cuts of $bars bars (0: whole pieces)"
    judge "$data" --bars "$bars" --html "$folder/page.html" --json "$folder/all.json"
    for set in "$data"/*/; do
        echo "# $(basename "$set"), cuts of $bars bars"
        judge "$set" --bars "$bars"
    done
done

echo "## Real music against real music, and spoiled"
"$examples/calibration" "$data/pop909/midi" 8 "$splits"
"$examples/calibration" "$data/pop909/midi" 0 "$splits"

echo "## Speed"
# Odd songs against even ones; links, so that nothing is copied.
mkdir "$folder/odd" "$folder/even"
for file in "$(realpath "$data")"/pop909/midi/*.mid; do
    case $file in
    *[13579].mid) ln -s "$file" "$folder/odd/" ;;
    *) ln -s "$file" "$folder/even/" ;;
    esac
done
for threads in 2 2 2 1; do
    echo "200 cuts of 8 bars against 200, every figure, page and JSON, on $threads threads:"
    time RAYON_NUM_THREADS=$threads "$aeolian" evaluate pieces "$folder/odd" --reference "$folder/even" \
        --html "$folder/page.html" --json "$folder/all.json" >"$folder/said" 2>"$folder/log"
done
echo "200 whole songs against 200, on 2 threads:"
time RAYON_NUM_THREADS=2 "$aeolian" evaluate pieces "$folder/odd" --reference "$folder/even" --bars 0 \
    >"$folder/said" 2>"$folder/log"
if "$muspy" -c 'import muspy' 2>/dev/null; then
    for _ in 1 2; do
        "$muspy" crates/metrics/examples/measure_folder.py "$data/pop909/midi" 60 "$examples/measure_folder"
    done
else
    echo "muspy is not there: $muspy"
fi
if "$symusic" -c 'import symusic' 2>/dev/null; then
    CARGO_TARGET_DIR=$target "$symusic" crates/score/examples/read_speed.py "$data"
else
    echo "symusic is not there: $symusic"
fi
