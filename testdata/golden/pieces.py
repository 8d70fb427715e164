"""Writes the eight tiny pieces of the golden tests: testdata/golden/pieces/*.mid, each under 2 kB.

All were made up for this purpose in November 2026 and quote nobody. They differ in what a measuring program can trip
over: resolution, metre, tempo changes, rests, triplets, drums, parts that double each other, an end on a bar line.

    python3 pieces.py        needs mido; the same bytes every time
"""

from pathlib import Path

import mido

PIECES = Path(__file__).parent / "pieces"
DRUMS = 9


def line(start, notes, velocity=80):
    """Notes one after the other as (onset, length, pitch, velocity), in quarters; pitch 0 is a rest."""
    out, at = [], start
    for pitch, length in notes:
        if pitch:
            out.append((at, length, pitch, velocity))
        at += length
    return out


def chords(start, beats, velocity=64):
    """Chords one after the other: (pitches, length)."""
    out, at = [], start
    for pitches, length in beats:
        out += [(at, length, pitch, velocity) for pitch in pitches]
        at += length
    return out


def chorale():
    soprano = [(67, 1), (69, 1), (71, 1), (72, 1), (74, 0.5), (72, 0.5), (71, 1), (72, 2),
               (76, 1), (74, 1), (72, 1), (71, 0.5), (69, 0.5), (67, 1), (66, 1), (67, 2)]
    alto = [(64, 1), (65, 1), (67, 1), (67, 1), (69, 1), (67, 1), (67, 2),
            (67, 1), (67, 1), (69, 1), (66, 1), (62, 1), (62, 1), (62, 2)]
    tenor = [(60, 1), (60, 1), (62, 1), (64, 1), (65, 1), (62, 1), (64, 2),
             (60, 1), (59, 1), (64, 1), (62, 1), (59, 1), (57, 1), (59, 2)]
    bass = [(48, 1), (53, 1), (50, 0.5), (43, 0.5), (48, 1), (41, 1), (43, 1), (48, 2),
            (48, 1), (43, 1), (45, 1), (50, 1), (43, 0.5), (47, 0.5), (50, 1), (43, 2)]
    names = ["Soprano", "Alto", "Tenor", "Bass"]
    parts = [(name, 52, i, line(0, notes)) for i, (name, notes) in enumerate(zip(names, [soprano, alto, tenor, bass]))]
    return 96, [(0, 76)], [(0, 4, 4)], parts


def syncopated():
    bar_1 = [(67, 0.5), (69, 1), (72, 0.5), (0, 0.5), (72, 0.75), (74, 0.25), (72, 0.5)]
    bar_2 = [(0, 0.25), (69, 0.75), (67, 0.5), (64, 1), (67, 1.5)]
    bar_3 = [(67, 0.75), (67, 0.75), (65, 1), (64, 0.5), (62, 1)]
    bar_4 = [(60, 1.5), (0, 2.5)]
    return 480, [(0, 132)], [(0, 4, 4)], [("Tune", 73, 0, line(0, bar_1 + bar_2 + bar_1 + bar_2 + bar_3 + bar_4, 96))]


def waltz():
    tune = [(74, 2), (78, 1), (81, 3), (79, 1.5), (78, 0.5), (76, 1), (73, 3),
            (76, 2), (79, 1), (85, 3), (83, 1), (81, 1), (73, 1), (74, 3)]
    bass = []
    for bar, (low, above) in enumerate([(50, (57, 66)), (50, (57, 66)), (45, (55, 64)), (45, (55, 61)),
                                        (45, (55, 61)), (52, (55, 61)), (45, (55, 61)), (50, (57, 66))]):
        bass += chords(3 * bar, [((low,), 1), (above, 1), (above, 1)], 56)
    tempos = [(0, 168), (12, 150), (21, 96.5)]
    return 480, tempos, [(0, 3, 4)], [("Tune", 40, 0, line(0, tune, 90)), ("Piano", 0, 1, bass)]


def ostinato():
    pattern = [(57, 0.5), (60, 0.5), (64, 0.5), (60, 0.5), (57, 0.5), (60, 0.5), (65, 1),
               (55, 0.5), (59, 0.5), (62, 0.5), (59, 0.5), (55, 0.75), (59, 0.25), (64, 1)]
    return 24, [(0, 112)], [(0, 4, 4)], [("Piano", 0, 0, line(0, pattern * 4, 72))]


def chromatic():
    up = [(pitch, 0.25) for pitch in range(60, 76)]
    triplets = [(pitch, 1 / 3) for pitch in (76, 75, 74, 73, 72, 71, 70, 69, 68, 67, 66, 65)]
    end = [(64, 1), (63, 1), (62, 1), (61, 1), (60, 3.75)]
    return 24, [(0, 90)], [(0, 4, 4)], [("Violin", 40, 0, line(0, up + triplets + end, 84))]


def drums_and_bass():
    drums = []
    for bar in range(4):
        at = 4 * bar
        drums += [(at + i / 2, 0.25, 42, 60 + 20 * (i % 2 == 0)) for i in range(8)]
        drums += [(at + beat, 0.25, 36, 110) for beat in ((0, 2.5) if bar < 3 else (0, 0.75, 2.5))]
        drums += [(at + beat, 0.25, 38, 100) for beat in (1, 3)]
    bass = [(40, 0.75), (40, 0.25), (0, 0.5), (43, 0.5), (45, 1), (47, 0.5), (0, 0.5)] * 3
    bass += [(40, 0.5), (0, 0.5), (47, 1), (52, 1), (0, 1)]
    return 220, [(0, 98)], [(0, 4, 4)], [("Bass", 33, 0, line(0, bass, 92)), ("Drums", 0, DRUMS, drums)]


def metres():
    tune = [(62, 1), (65, 0.5), (69, 1), (67, 0.5), (65, 0.5), (64, 1.5), (62, 0.5), (60, 1), (0, 0.5)]  # two of 7/8
    tune += [(65, 1), (67, 1), (69, 2), (0, 1)]  # 5/4
    tune += [(0, 2), (70, 1), (69, 1), (62, 3)]  # 4/4, and three beats of a last bar
    return 480, [(0, 140), (7, 100), (12, 61.5)], [(0, 7, 8), (7, 5, 4), (12, 4, 4)], [("Oboe", 68, 0, line(0, tune))]


def minor():
    tune = [(69, 1), (71, 0.5), (72, 0.5), (76, 1.5), (74, 0.5), (72, 1), (71, 1), (68, 1), (71, 1),
            (69, 1), (72, 0.5), (71, 0.5), (69, 0.5), (68, 0.5), (66, 0.5), (68, 0.5), (69, 4)]
    doubled = [(pitch - 12, length) for pitch, length in tune]
    low = chords(0, [((45, 52), 4), ((40, 44), 4), ((45, 52), 2), ((40, 44), 2), ((45, 52, 60), 4)], 50)
    parts = [("Flute", 73, 0, line(0, tune, 88)), ("Clarinet", 71, 1, line(0, doubled, 70)),
             ("Strings", 48, 2, low + [(12, 4, 57, 50)])]
    return 120, [(0, 66)], [(0, 4, 4)], parts


ALL = [chorale, syncopated, waltz, ostinato, chromatic, drums_and_bass, metres, minor]


def track_of(events):
    """A track of (tick, order, message) in order of time; ends of notes come before beginnings."""
    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=0))
    return track


def write(piece):
    resolution, tempos, meters, parts = piece()
    ticks = lambda quarters: round(quarters * resolution)
    title = mido.MetaMessage("track_name", name=f"{piece.__name__}: made up for Aeolian's tests, CC0")
    setup = [(0, 0, title)]
    setup += [(ticks(at), 1, mido.MetaMessage("set_tempo", tempo=round(60e6 / qpm))) for at, qpm in tempos]
    setup += [(ticks(at), 1, mido.MetaMessage("time_signature", numerator=n, denominator=d)) for at, n, d in meters]
    file = mido.MidiFile(type=1, ticks_per_beat=resolution)
    file.tracks.append(track_of(setup))
    for name, program, channel, notes in parts:
        events = [(0, 0, mido.MetaMessage("track_name", name=name)),
                  (0, 1, mido.Message("program_change", program=program, channel=channel))]
        for onset, length, pitch, velocity in notes:
            on = mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)
            off = mido.Message("note_on", note=pitch, velocity=0, channel=channel)
            events += [(ticks(onset), 3, on), (ticks(onset + length), 2, off)]
        file.tracks.append(track_of(events))
    PIECES.mkdir(exist_ok=True)
    file.save(PIECES / f"{piece.__name__}.mid")


if __name__ == "__main__":
    for piece in ALL:
        write(piece)
