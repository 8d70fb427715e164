#!/bin/bash
# How much processor time our SoundFont path and fluidsynth need for the same file, in the same minutes, in turn.
#
#     docs/soundfont-speed.sh [FONT.sf2] [FILE.mid] [ROUNDS]
#
# Alike: 44,100 Hz, blocks of 64, 256 voices, no reverb, no chorus, linear interpolation (rustysynth has no other), 16-bit WAV, one core.
# fluidsynth is also measured as it comes (fourth-order interpolation), ours also with its hall. Loading alone is measured with a file
# of one note and taken away. User and system time in seconds; the least of the rounds counts (others compute here too).
set -eu
font=${1:-/usr/share/sounds/sf2/TimGM6mb.sf2}
root=$(cd "$(dirname "$0")/.." && pwd)
file=${2:-$(ls "$root"/../shared/data/pop909/midi/*.mid 2> /dev/null | head -n 1)}
rounds=${3:-3}
ours=${CARGO_TARGET_DIR:-$root/target}/release/examples/soundfont_speed
[ -x "$ours" ] || { echo "first: cargo build --release -p aeolian-synth --example soundfont_speed" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One note of a sixteenth: head, track, tempo left at 120.
printf 'MThd\0\0\0\6\0\0\0\1\0\140MTrk\0\0\0\14\0\220\74\100\30\200\74\0\0\377\57\0' > "$work/one.mid"
echo "interp 1" > "$work/linear"

seconds() { # the least user + system time of a command
    local best= used
    for _ in $(seq "$rounds"); do
        used=$( { TIMEFORMAT='%U %S'; time RAYON_NUM_THREADS=1 "$@" > /dev/null 2>&1; } 2>&1 | awk '{print $1 + $2}')
        if [ -z "$best" ] || awk "BEGIN{exit !($used < $best)}"; then best=$used; fi
    done
    echo "$best"
}
fluid() { # file, further options
    local midi=$1
    shift
    fluidsynth -ni -q -R 0 -C 0 -r 44100 -z 64 -o synth.polyphony=256 -o synth.cpu-cores=1 -F "$work/theirs.wav" "$@" "$font" "$midi"
}
row() { # name, seconds with loading, seconds of loading
    awk -v name="$1" -v all="$2" -v load="$3" 'BEGIN{printf "%-44s %6.2f s, of it loading %5.2f s, playing %6.2f s\n", name, all, load, all - load}'
}
echo "$font, $file, $rounds rounds"
row "ours, dry, linear" "$(seconds "$ours" "$font" "$file" "$work/ours.wav" dry)" "$(seconds "$ours" "$font" "$work/one.mid" "$work/ours.wav" dry)"
row "fluidsynth, dry, linear" "$(seconds fluid "$file" -f "$work/linear")" "$(seconds fluid "$work/one.mid" -f "$work/linear")"
row "fluidsynth, dry, fourth order (its default)" "$(seconds fluid "$file")" "$(seconds fluid "$work/one.mid")"
row "ours with the hall" "$(seconds "$ours" "$font" "$file" "$work/ours.wav")" "$(seconds "$ours" "$font" "$work/one.mid" "$work/ours.wav")"
