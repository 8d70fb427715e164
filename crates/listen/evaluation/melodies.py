"""Melodies of real songs, as reference notes and as sound.

Takes the MELODY track of pop909 songs (shared/data, never part of the repository), sixteen bars from the first note on, as one line: a note ends
where the next begins, and of notes that begin within 30 ms the highest stays. Renders it with FluidSynth and FluidR3 (Debian
fluidsynth, fluid-soundfont-gm) at 44.1 kHz with the usual reverberation and chorus, or by a synthetic hummed voice.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import mido
import numpy
import soundfile

# Beside the repository, as for the tests, unless AEOLIAN_DATA says where.
DATA = Path(os.environ.get("AEOLIAN_DATA") or Path(__file__).resolve().parents[4] / "shared/data")
FONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
PROGRAMS = {
    "piano": 0, "violin": 40, "voice oohs": 53, "trumpet": 56, "clarinet": 71, "flute": 73, "saw lead": 81,
}
BARS = 16
RATE = 44100


def songs(split):
    return json.loads((DATA / "splits.json").read_text())["pop909"][split]


def melody(song, first_bar=0, bars=BARS):
    """Notes as (onset, offset, pitch, velocity, onset in quarters), and quarters a minute. Starts half a second in."""
    midi = mido.MidiFile(DATA / f"pop909/midi/{song}.mid")
    qpm = json.loads((DATA / f"pop909/ann/{song}.json").read_text())["bpm"]
    track = next(t for t in midi.tracks if t.name == "MELODY")
    notes, open_notes, at = [], {}, 0
    for message in track:
        at += message.time
        if message.type == "note_on" and message.velocity > 0:
            open_notes[message.note] = (at, message.velocity)
        elif message.type in ("note_off", "note_on") and message.note in open_notes:
            start, velocity = open_notes.pop(message.note)
            notes.append([start / midi.ticks_per_beat, at / midi.ticks_per_beat, message.note, velocity])
    notes.sort()
    if not notes:
        return None, qpm
    start = int(notes[0][0] // 4) * 4 + 4 * first_bar
    notes = [[a - start, b - start, p, v] for a, b, p, v in notes if start <= a < start + 4 * bars]
    seconds = 60 / qpm
    line = []
    for note in notes:
        if line and (note[0] - line[-1][0]) * seconds < 0.03:
            if note[2] > line[-1][2]:
                line[-1] = note
            continue
        line.append(note)
    for note, after in zip(line, line[1:]):
        note[1] = min(note[1], after[0])
    lead = 0.5
    return [(lead + a * seconds, lead + b * seconds, p, v, a) for a, b, p, v in line if b > a], qpm


def write_midi(notes, program, path, cents=0):
    midi = mido.MidiFile(ticks_per_beat=1000)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    # A quarter of half a second: 2000 ticks a second.
    events = [(0, mido.Message("program_change", program=program))]
    if cents:
        events.append((0, mido.Message("pitchwheel", pitch=round(8192 * cents / 200))))
    for onset, offset, pitch, velocity, _ in notes:
        events.append((round(onset * 2000), mido.Message("note_on", note=pitch, velocity=velocity)))
        events.append((round(offset * 2000), mido.Message("note_off", note=pitch)))
    events.sort(key=lambda e: (e[0], e[1].type != "program_change", e[1].type != "note_off"))
    before = 0
    for at, message in events:
        track.append(message.copy(time=at - before))
        before = at
    midi.save(path)


def render(notes, program, path, cents=0):
    midi = Path(path).with_suffix(".mid")
    write_midi(notes, program, midi, cents)
    subprocess.run(
        ["fluidsynth", "-q", "-ni", "-g", "0.5", "-r", str(RATE), "-o", "synth.dynamic-sample-loading=1",
         "-F", str(path), FONT, str(midi)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def hum(notes, path, seed=0):
    """A hummed voice: vibrato, scoops into notes, drift, breath noise, formants; notes on one breath are slurred.

    A hummer separates notes of equal pitch by a dip ("m-m"), other notes in half of the cases only by sliding over.
    """
    random = numpy.random.default_rng(seed)
    end = max(n[1] for n in notes) + 0.6
    count = int(end * RATE)
    pitch, level = numpy.zeros(count), numpy.zeros(count)
    time = numpy.arange(count) / RATE
    before = None
    for onset, offset, p, velocity, _ in notes:
        a, b = int(onset * RATE), min(count, int(offset * RATE))
        t = (numpy.arange(b - a)) / RATE
        miss = random.normal(0, 0.12)
        slurred = before is not None and onset - before[0] < 0.03
        scoop = (before[1] - p - miss) if slurred and before[1] != p else random.uniform(-1.2, 0)
        glide = random.uniform(0.012, 0.03)
        depth = random.uniform(0.15, 0.5)
        vibrato = depth * numpy.sin(2 * numpy.pi * (random.uniform(4.8, 6.2) * t + random.random()))
        vibrato *= numpy.clip((t - 0.2) / 0.2, 0, 1)
        pitch[a:b] = p + miss + scoop * numpy.exp(-t / glide) + vibrato
        loud = 10 ** ((velocity - 100) / 40)
        shape = numpy.minimum(1, (offset - onset - t) / 0.03)
        dips = not slurred or before[1] == p or random.random() < 0.5
        if dips:
            shape = shape * numpy.minimum(1, t / 0.03)
        if slurred and not dips:
            # Fill the fade of the note before.
            level[max(0, a - int(0.03 * RATE)):a] = numpy.maximum(level[max(0, a - int(0.03 * RATE)):a], loud * 0.9)
        level[a:b] = loud * numpy.clip(shape, 0, 1)
        before = (offset, p)
    pitch = numpy.where(pitch == 0, 60, pitch) + 0.05 * numpy.sin(2 * numpy.pi * 0.21 * time)
    level = numpy.convolve(level, numpy.hanning(441) / numpy.hanning(441).sum(), "same")
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    phase = 2 * numpy.pi * numpy.cumsum(hertz) / RATE
    sound = numpy.zeros(count)
    for k in range(1, 25):
        f = k * hertz
        tilt = 1 / k ** 1.2
        formants = sum(g / (1 + ((f - c) / w) ** 2) for c, w, g in ((350, 120, 1.0), (1000, 250, 0.35), (2600, 400, 0.12)))
        sound += numpy.where(f < 16000, tilt * formants, 0) * numpy.sin(k * phase)
    breath = random.normal(0, 1, count) * 0.01
    sound = (sound / max(1e-9, numpy.abs(sound).max()) + breath) * level
    sound += random.normal(0, 10 ** (-55 / 20), count)
    soundfile.write(path, 0.5 * sound / max(1e-9, numpy.abs(sound).max()), RATE)


def add_noise(path, snr_db, seed=0):
    sound, rate = soundfile.read(path)
    if sound.ndim > 1:
        sound = sound.mean(axis=1)
    power = (sound ** 2).mean()
    noise = numpy.random.default_rng(seed).normal(0, (power * 10 ** (-snr_db / 10)) ** 0.5, len(sound))
    soundfile.write(path, sound + noise, rate)
