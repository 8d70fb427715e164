"""Reads MusicXML with music21 (BSD) and prints what it understood, one fact a line.

Used by crates/score/tests/third_party.rs, so that the writer is judged by a reader that is not ours.
Times are in twelfths of a quarter:

    note ONSET MIDI_PITCH DURATION NAME      sounding notes, ties joined
    key ONSET SHARPS MODE                    once for all parts that agree
    time ONSET BEATS/BEAT_TYPE
    chord ONSET ROOT BASS PITCH_CLASSES      chord symbols; "chord ONSET N.C." for no chord

    python3 read_musicxml.py PIECE.musicxml
"""

import sys

from music21 import chord, converter, harmony, key, meter


def twelfths(quarters):
    return round(12 * quarters)


def name(pitch):
    return pitch.name.replace("-", "b")


def sounding_notes(part):
    """The notes of one part as (onset, pitch, end, name), tied ones joined."""
    pieces = []
    for element in part.recurse().notes:
        if isinstance(element, harmony.Harmony):
            continue
        onset = element.getOffsetInHierarchy(part)
        end = onset + element.duration.quarterLength
        notes = element.notes if isinstance(element, chord.Chord) else [element]
        for note in notes:
            tie = note.tie.type if note.tie else "none"
            pieces.append((twelfths(onset), note.pitch.midi, twelfths(end), name(note.pitch), tie))
    done, open_ties = [], []
    for onset, midi, end, spelled, tie in sorted(pieces):
        if tie in ("stop", "continue"):
            begun = next(o for o in open_ties if o[1] == midi and o[2] == onset)
            open_ties.remove(begun)
            onset = begun[0]
        if tie in ("start", "continue"):
            open_ties.append((onset, midi, end, spelled))
        else:
            done.append((onset, midi, end, spelled))
    assert not open_ties, f"ties without an end: {open_ties}"
    return done


def main(path):
    score = converter.parse(path)
    facts = set()
    lines = []
    for part in score.parts:
        for onset, midi, end, spelled in sounding_notes(part):
            lines.append(f"note {onset} {midi} {end - onset} {spelled}")
        for element in part.recurse():
            if not isinstance(element, (key.KeySignature, meter.TimeSignature, harmony.Harmony)):
                continue
            at = twelfths(element.getOffsetInHierarchy(part))
            if isinstance(element, key.KeySignature):
                facts.add(f"key {at} {element.sharps} {getattr(element, 'mode', '?')}")
            elif isinstance(element, meter.TimeSignature):
                facts.add(f"time {at} {element.ratioString}")
            elif isinstance(element, harmony.NoChord):
                facts.add(f"chord {at} N.C.")
            elif isinstance(element, harmony.ChordSymbol):
                classes = sorted({pitch.pitchClass for pitch in element.pitches})
                classes = ",".join(map(str, classes))
                facts.add(f"chord {at} {name(element.root())} {name(element.bass())} {classes}")
    print("\n".join(sorted(lines) + sorted(facts)))


if __name__ == "__main__":
    main(sys.argv[1])
