"""Asks music21 what it hears in pieces of MusicXML; crates/score/tests/notation compares our reading with it.

    python3 -m venv /tmp/venv-golden && /tmp/venv-golden/bin/pip install -r ../golden/requirements.txt
    /tmp/venv-golden/bin/python make.py                    writes pieces/*.mxl and heard.json
    /tmp/venv-golden/bin/python make.py live OUT DATA      writes OUT/NAME.musicxml and OUT/NAME.json for real pieces

A piece is a list of [onset, duration, pitch], times in 10080ths of a quarter, which make triplets and quintuplets whole.
Repeats are played out, transposing instruments sound, ties are joined, grace notes and drums left out, and no pitch
of a part overlaps itself: the earlier note is cut, and of two at one onset the longer stays (as crates/score/src/one_key.rs).
"""

import json
import sys
from pathlib import Path

from music21 import chord, converter, corpus, harmony, note, stream

HERE = Path(__file__).parent
UNIT = 10080  # a quarter


def pieces_of(part):
    """(onset, end, pitch, tie) of every written note that sounds."""
    for element in part.recurse().notes:
        if isinstance(element, harmony.Harmony) or element.duration.isGrace:
            continue
        onset = element.getOffsetInHierarchy(part)
        end = onset + element.duration.quarterLength
        for single in element.notes if isinstance(element, chord.ChordBase) else [element]:
            if isinstance(single, note.Unpitched):
                continue  # music21 does not tell which drum it is
            pitch = single.pitch.midi
            yield round(onset * UNIT), round(end * UNIT), pitch, single.tie.type if single.tie else ""


def joined(pieces):
    done, open_ties = [], []
    for onset, end, pitch, tied in sorted(pieces):
        begun = next((o for o in open_ties if o[2] == pitch and o[1] == onset), None)
        if tied in ("stop", "continue") and begun:
            open_ties.remove(begun)
            onset = begun[0]
        if tied in ("start", "continue"):
            open_ties.append((onset, end, pitch))
        else:
            done.append((onset, end, pitch))
    return done + open_ties


def separated(notes):
    """No two of equal pitch at once."""
    last, kept = {}, []
    for onset, end, pitch in sorted(notes):
        before = last.get(pitch)
        if before and before[0] == onset:
            before[1] = max(before[1], end)
            continue
        if before and before[1] > onset:
            before[1] = onset
        last[pitch] = [onset, end, pitch]
        kept.append(last[pitch])
    return kept


def heard(path):
    score = converter.parse(path)
    if not isinstance(score, stream.Score):
        raise SystemExit(f"{path} is not a score")
    score = score.toSoundingPitch()
    parts = {}
    for part in score.parts:
        expanded = part.expandRepeats()
        # The staves of one part are parts to music21; they have a common beginning of their names.
        name = str(part.id).split("-Staff")[0]
        parts.setdefault(name, []).extend(pieces_of(expanded))
    return sorted([n[0], n[1] - n[0], n[2]] for own in parts.values() for n in separated(joined(own)))


def write(path, pieces):
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(notes, separators=(',', ':'))}" for name, notes in pieces.items())
    path.write_text("{\n" + lines + "\n}\n")


def golden():
    for path in sorted((HERE / "../golden/pieces").glob("*.mid")):
        score = converter.parse(path)
        score.write("mxl", HERE / "pieces" / f"{path.stem}.mxl")
    # music21 does not read timewise scores.
    names = [path for path in sorted((HERE / "pieces").glob("*")) if path.stem != "timewise"]
    write(HERE / "heard.json", {path.name: heard(path) for path in names})


# Chorales of music21's corpus, and pieces with repeats, pickups and transposing instruments.
CORPUS = ["bach/bwv66.6", "bach/bwv269", "bach/bwv295", "bach/bwv1.6", "haydn/opus74no1/movement3", "mozart/k155/movement2",
          "schoenberg/opus19/movement2", "joplin/maple_leaf_rag", "beach/prayer_of_a_tired_child", "weber/clarinetConcerto"]
DATA = [("openscore_lieder", 3), ("openscore_quartets", 2), ("folk_pd", 4), ("game_multitrack", 2)]


def live(out, data):
    out.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in CORPUS:
        try:
            found[name.replace("/", "_")] = corpus.parse(name)
        except Exception as error:  # a corpus without this piece
            print(f"{name}: {error}", file=sys.stderr)
    for folder, count in DATA:
        files = sorted((data / folder).rglob("*.mid"))
        for path in files[:: max(1, len(files) // count)][:count]:
            found[f"{folder}_{path.stem}"] = converter.parse(path)
    for name, score in found.items():
        path = out / f"{name}.musicxml"
        score.write("musicxml", path)
        write(out / f"{name}.json", {path.name: heard(path)})
        print(name, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["live"]:
        live(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        golden()
