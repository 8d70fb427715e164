#!/bin/sh
# A page to listen by: three pieces, each by the house's voices, by fitted voices and by a SoundFont, with spectrograms side by side.
#
#     docs/listen.sh [OUT] [SOUNDFONT]
#
# Needs `aeolian` in PATH or in target/release, and a SoundFont (`aeolian doctor` lists those found). Writes OUT/index.html and what it shows, some 10 MB.
set -eu
out=${1:-out/listen}
font=${2:-FluidR3_GM}
aeolian=$(command -v aeolian || echo "$(dirname "$0")/../target/release/aeolian")
mkdir -p "$out"
page="$out/index.html"

# Seed of a piece, programs for its parts in turn, and what that means.
pieces='3|0,0,0|grand piano
17|73,71,24|flute, clarinet and nylon guitar
29|40,56,42|violin, trumpet and cello'

cat > "$page" <<HEAD
<!doctype html><html lang="en"><meta charset="utf-8"><title>Aeolian: listening</title>
<style>body{font:16px/1.5 system-ui;max-width:90rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}
td,th{width:33%;vertical-align:top;padding:.4rem;text-align:left}img,audio{width:100%}</style>
<h1>The same pieces by three kinds of voices</h1>
<p>House: made from physics. Fitted: learned from recordings (aeolian voice list). SoundFont: $font. All at −16 LUFS in the same hall.</p>
HEAD

echo "$pieces" | while IFS='|' read -r seed programs names; do
    "$aeolian" compose --seed "$seed" --out "$out/piece-$seed" > "$out/piece-$seed.txt"
    midi=$(ls "$out/piece-$seed"/*.mid | head -n 1)
    for kind in house fitted soundfont; do
        if [ "$kind" = soundfont ]; then chosen="--soundfont $font"; else chosen="--voices $kind"; fi
        # Two words, on purpose.
        # shellcheck disable=SC2086
        "$aeolian" render "$midi" $chosen --programs "$programs" --pictures -o "$out/$seed-$kind.ogg"
    done
    {
        echo "<h2>Seed $seed: $names</h2><table><tr><th>house<th>fitted<th>SoundFont<tr>"
        for kind in house fitted soundfont; do
            echo "<td><audio controls preload=none src=\"$seed-$kind.ogg\"></audio><img alt=\"Spectrogram, $kind\" src=\"$seed-$kind.spectrogram.svg\">"
        done
        echo "</table>"
    } >> "$page"
done

if ls "$out"/voices/*-ab.wav > /dev/null 2>&1; then
    echo "<h2>Notes nobody learned from, recorded and played in turn</h2>" >> "$page"
    for wav in "$out"/voices/*-ab.wav; do
        name=$(basename "$wav")
        echo "<p>$name <audio controls preload=none src=\"voices/$name\"></audio>" >> "$page"
    done
fi
echo "</html>" >> "$page"
echo "$page"
