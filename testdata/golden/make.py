"""Asks muspy, music21, pretty_midi, mir_eval and smg-metrics about the same pieces and writes figures.json.

crates/metrics/tests/golden.rs compares our figures with these. Each tool reads each file by itself. Where a figure
depends on the resolution, the notes that the tool read are put on our grid of four steps a quarter first (nearest
step, halves up, at least one step long), so that what is left to differ is the definition.

    python3 -m venv /tmp/venv-golden && /tmp/venv-golden/bin/pip install -r requirements.txt
    /tmp/venv-golden/bin/python make.py [DATA]      DATA defaults to ../../../shared/data; some five minutes

Files of DATA are named by their path in it and are not copied anywhere.
"""

import json
import math
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import miditoolkit
import mir_eval
import music21
import muspy
import numpy as np
import pretty_midi
import smg_metrics.harmony as harmony  # "from smg_metrics import harmony" recurses without end in 5.4.3
import smg_metrics.rhythm as rhythm

HERE = Path(__file__).parent
STEPS = 4  # a quarter
# smg-metrics' groove has 64 places in a bar: at 16 ticks a quarter a bar of 4/4 has as many ticks.
SMG_TICKS = 16
# music21 is slow: only these sets, and the tiny pieces.
FOR_MUSIC21 = ("pieces", "folk_pd", "openscore_quartets")

Note = namedtuple("Note", "onset end pitch")


def chosen(data):
    """Forty files of the validation parts, evenly spread, as paths inside the data folder."""
    splits = json.loads((data / "splits.json").read_text())
    folders = [
        ("pop909", 10, lambda name: f"pop909/midi/{name}.mid"),
        ("openscore_lieder", 6, lambda name: f"openscore_lieder/midi/{name}.mid"),
        ("openscore_quartets", 3, lambda name: f"openscore_quartets/midi/{name}.mid"),
        ("folk_pd", 9, lambda name: f"folk_pd/{name}.mid"),
        ("piano_midi_de", 5, lambda name: f"piano_midi_de/midis/{name}"),
        ("groove", 7, lambda name: f"groove/{name}"),
    ]
    paths = []
    for name, count, path in folders:
        valid = sorted(splits[name]["valid"])
        paths += [path(valid[i * len(valid) // count]) for i in range(count)]
    return paths


def on_grid(notes, resolution):
    """Notes in ticks, on the grid."""
    step = lambda tick: (tick * STEPS + resolution // 2) // resolution
    grid = []
    for note in notes:
        onset = step(note.onset)
        grid.append(Note(onset, max(step(note.end), onset + 1), note.pitch))
    return grid


def of_muspy(path):
    music = muspy.read_midi(str(path))
    bar = constant_bar(path)
    pitched = [Note(n.time, n.end, n.pitch) for t in music.tracks if not t.is_drum for n in t.notes]
    drums = [Note(n.time, n.end, n.pitch) for t in music.tracks if t.is_drum for n in t.notes]
    figures = {"notes": len(pitched), "drum_strokes": len(drums)}
    if pitched:
        grid = muspy_grid(pitched, music.resolution)
        figures |= {
            "pitch_entropy": muspy.pitch_entropy(grid),
            "pitch_class_entropy": muspy.pitch_class_entropy(grid),
            "scale_consistency": muspy.scale_consistency(grid),
            "pitch_range": muspy.pitch_range(grid),
            "n_pitches_used": muspy.n_pitches_used(grid),
            "n_pitch_classes_used": muspy.n_pitch_classes_used(grid),
            "polyphony": muspy.polyphony(grid),
            "polyphony_rate": muspy.polyphony_rate(grid),
            "polyphony_rate_above_1": muspy.polyphony_rate(grid, threshold=1),
            "empty_beat_rate": muspy.empty_beat_rate(grid),
        }
        if bar:
            figures["groove"] = muspy.groove_consistency(grid, bar)
            if not drums:
                ticks = bar * music.resolution // STEPS
                figures["groove_in_ticks"] = muspy.groove_consistency(music, ticks)
                figures["bar_ticks"] = ticks
    if drums and bar:
        figures["groove_of_drums"] = muspy.groove_consistency(muspy_grid(drums, music.resolution), bar)
    return figures


def muspy_grid(notes, resolution):
    notes = [muspy.Note(n.onset, n.pitch, n.end - n.onset) for n in on_grid(notes, resolution)]
    return muspy.Music(resolution=STEPS, tracks=[muspy.Track(notes=notes)])


def constant_bar(path):
    """Steps of a bar, or None where the metre changes or a bar is no whole number of steps."""
    changes = miditoolkit.MidiFile(str(path)).time_signature_changes
    metres = {(change.numerator, change.denominator) for change in changes} or {(4, 4)}
    if len(metres) > 1 or (changes and changes[0].time > 0 and metres != {(4, 4)}):
        return None
    numerator, denominator = metres.pop()
    return 4 * STEPS * numerator // denominator if 4 * STEPS * numerator % denominator == 0 else None


def of_pretty_midi(path):
    midi = pretty_midi.PrettyMIDI(str(path))
    notes = [note for instrument in midi.instruments for note in instrument.notes]
    end = max(note.end for note in notes)
    times, tempi = midi.get_tempo_changes()
    times, tempi = times[times < end - 1e-6], tempi[times < end - 1e-6]
    downbeats = midi.get_downbeats()
    downbeats = downbeats[downbeats < end - 1e-6]
    figures = {
        "notes": sum(len(i.notes) for i in midi.instruments if not i.is_drum),
        "drum_strokes": sum(len(i.notes) for i in midi.instruments if i.is_drum),
        "end_seconds": end,
        "onset_seconds_sum": sum(note.start for note in notes),
        "velocity_mean": np.mean([note.velocity for note in notes]),
        "tempo_changes": len(tempi),
        "tempo_seconds_sum": times.sum(),
        "tempo_qpm_sum": tempi.sum(),
        "downbeats": len(downbeats),
        "downbeat_seconds_sum": downbeats.sum(),
    }
    pitched = [
        Note(midi.time_to_tick(note.start), midi.time_to_tick(note.end), note.pitch)
        for instrument in midi.instruments if not instrument.is_drum for note in instrument.notes
    ]
    if pitched:
        grid = pretty_midi.PrettyMIDI()
        grid.instruments.append(pretty_midi.Instrument(0))
        grid.instruments[0].notes = [
            pretty_midi.Note(64, n.pitch, n.onset / 8, n.end / 8) for n in on_grid(pitched, midi.resolution)
        ]
        figures["pitch_class_shares"] = list(grid.get_pitch_class_histogram(use_duration=True, normalize=True))
    return figures


def of_music21(path):
    score = music21.converter.parse(str(path), forceSource=True)
    for part in list(score.parts):
        if any(i.midiChannel == 9 for i in part.recurse().getElementsByClass("Instrument")):
            score.remove(part)
    key = score.analyze("key.krumhansl")
    second = key.alternateInterpretations[0]
    name = lambda key: f"{key.tonic.pitchClass} {key.mode}"
    return {
        "key": name(key),
        "key_r": key.correlationCoefficient,
        "second_key": name(second),
        "second_key_r": second.correlationCoefficient,
        "ambitus": int(score.analyze("ambitus").semitones),
    }


def of_smg(path):
    midi = miditoolkit.MidiFile(str(path))
    pitched = [Note(n.start, n.end, n.pitch) for i in midi.instruments if not i.is_drum for n in i.notes]
    if not pitched:
        return {}
    grid = on_grid(pitched, midi.ticks_per_beat)
    figures = {"notes": len(pitched)}
    with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        write_layered(grid, 1, file.name)
        notes = [n for i in miditoolkit.MidiFile(file.name).instruments for n in i.notes]
        tonic, mode = harmony._detect_key(notes)
        figures["key"] = f"{tonic} {mode}"
        figures["out_of_key_fraction"] = harmony.out_of_key_fraction(file.name)
        if constant_bar(path) == 4 * STEPS:
            write_layered(grid, SMG_TICKS // STEPS, file.name)
            figures["grooving_pattern_similarity"] = rhythm.grooving_pattern_similarity(file.name)
    return figures


def write_layered(notes, ticks_a_step, path):
    """A file of these notes, in as many tracks as it takes for no key to be struck while it is down."""
    layers = []
    for note in sorted(notes):
        free = [layer for layer in layers if layer.get(note.pitch, (0, []))[0] <= note.onset]
        layer = free[0] if free else {}
        if not free:
            layers.append(layer)
        layer.setdefault(note.pitch, (0, []))
        layer[note.pitch] = (note.end, layer[note.pitch][1] + [note])
    midi = miditoolkit.MidiFile(ticks_per_beat=STEPS * ticks_a_step)
    midi.time_signature_changes = [miditoolkit.TimeSignature(4, 4, 0)]
    for layer in layers:
        track = miditoolkit.Instrument(0)
        for _, of_pitch in layer.values():
            track.notes += [
                miditoolkit.Note(64, n.pitch, n.onset * ticks_a_step, n.end * ticks_a_step) for n in of_pitch
            ]
        midi.instruments.append(track)
    midi.dump(path)


# Our qualities (crates/score/src/chord.rs) in the notation of Harte 2005 that mir_eval reads.
QUALITIES = {
    "Major": "maj", "Minor": "min", "Diminished": "dim", "Augmented": "aug", "Sus2": "sus2", "Sus4": "sus4",
    "Major7": "maj7", "Minor7": "min7", "Dominant7": "7", "MinorMajor7": "minmaj7", "HalfDiminished7": "hdim7",
    "Diminished7": "dim7", "Major6": "maj6", "Minor6": "min6", "Dominant7Sus4": "sus4(b7)", "Major9": "maj9",
    "Minor9": "min9", "Dominant9": "9", "Add9": "maj(9)", "Power": "(1,5)",
}


def of_mir_eval():
    """The semitones above the root that mir_eval understands by each quality, ascending."""
    def semitones(quality):
        _, bitmap, _ = mir_eval.chord.encode(f"C:{quality}", reduce_extended_chords=True)
        return [int(semitone) for semitone in np.flatnonzero(bitmap)]

    return {ours: semitones(theirs) for ours, theirs in QUALITIES.items()}


def rounded(value):
    """Nine significant digits; None for what is no number."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, (int, np.integer)):
        return int(value)
    return None if math.isnan(value) else float(f"{value:.9g}")


def main():
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "../../../shared/data"
    names = [f"pieces/{path.name}" for path in sorted((HERE / "pieces").glob("*.mid"))] + chosen(data)
    pieces = {}
    for name in names:
        path = (HERE if name.startswith("pieces/") else data) / name
        tools = {"muspy": of_muspy, "pretty_midi": of_pretty_midi, "smg-metrics": of_smg}
        if name.startswith(FOR_MUSIC21):
            tools["music21"] = of_music21
        figures = {tool: {k: rounded(v) for k, v in of(path).items()} for tool, of in tools.items()}
        pieces[name] = {tool: found for tool, found in figures.items() if found}
        print(name, flush=True)
    lines = []
    for name, tools in pieces.items():
        inner = ",\n".join(f"    {json.dumps(tool)}: {json.dumps(found)}" for tool, found in tools.items())
        lines.append(f"   {json.dumps(name)}: {{\n{inner}}}")
    chords = ",\n".join(f"   {json.dumps(quality)}: {found}" for quality, found in of_mir_eval().items())
    body = ",\n".join(lines)
    (HERE / "figures.json").write_text(f'{{"pieces": {{\n{body}}},\n "mir_eval": {{\n{chords}}}}}\n')


if __name__ == "__main__":
    main()
