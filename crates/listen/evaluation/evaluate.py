"""How well recordings of known melodies are heard: note F1 (mir_eval, onsets within 50 ms, pitch within 50 cents, offsets ignored).

    python evaluate.py BINARY --set test
    python evaluate.py BINARY [--split valid] [--melodies 100] [--work /tmp/listen-evaluation] [--conditions plain,noise,...] [--keep]

The sets: rules are chosen by looking at `tuning` (the first 30 songs of the training split), and judged on `test` (its last 100, nobody looked
at one); no song is in both, and each is played by one of the seven programs in turn.

BINARY is `cargo build --release -p aeolian-listen --example notes` (target/release/examples/notes). Needs numpy, mir_eval, mido, soundfile,
and Debian's fluidsynth and fluid-soundfont-gm. Conditions: plain; noise (white, 20 dB below); sharp, flat (30 cents); hum.
"""

import argparse
import json
import subprocess
from collections import defaultdict
from pathlib import Path

import mir_eval
import numpy

from melodies import BARS, PROGRAMS, add_noise, hum, melody, render, songs


def chosen(split, count):
    """(song, first bar): the first sixteen bars of each song, then the next sixteen until there are enough."""
    all_songs = songs(split)
    places = [(song, bars) for bars in (0, BARS) for song in all_songs]
    found = []
    for song, first_bar in places:
        notes, qpm = melody(song, first_bar)
        if notes and len(notes) >= 16:
            found.append((song, first_bar, notes, qpm))
        if len(found) == count:
            break
    return found


SETS = {"tuning": (30, False), "test": (100, True)}


def in_turn(name):
    """(song, notes, quarters a minute, program) of a set."""
    count, backwards = SETS[name]
    order = songs("train")
    found = []
    for song in order[::-1] if backwards else order:
        notes, qpm = melody(song)
        if notes and len(notes) >= 16:
            found.append((song, notes, qpm, list(PROGRAMS)[len(found) % len(PROGRAMS)]))
        if len(found) == count:
            return found
    return found


def evaluate_set(a):
    work = Path(a.work) / a.set
    work.mkdir(parents=True, exist_ok=True)
    by_program, tempos = defaultdict(list), []
    for song, notes, qpm, program in in_turn(a.set):
        path = work / f"{song}-{program.replace(' ', '_')}.wav"
        if not path.exists():
            render(notes, PROGRAMS[program], path)
        piece = heard(a.binary, [path])[0][str(path)]
        score = f1(notes, piece["notes"])[0][2]
        by_program[program].append(score)
        tempos.append((piece.get("tempo") or numpy.nan) / qpm)
        print(f"{song} {program:12} F1 {score:.3f}  tempo {tempos[-1]:.2f} of the true one", flush=True)
        if not a.keep:
            path.unlink()
    for program, scores in by_program.items():
        print(f"{program:12} n {len(scores):3}  F1 {numpy.mean(scores):.3f}")
    scores = numpy.concatenate(list(by_program.values()))
    deviation = scores.std() / len(scores) ** 0.5
    print(f"{a.set:12} n {len(scores):3}  F1 {scores.mean():.3f} ± {deviation:.3f}, median {numpy.median(scores):.3f},"
          f" below .9: {(scores < 0.9).sum()}")
    logs = numpy.log2(numpy.array(tempos))
    near, octave = numpy.abs(logs) < 0.057, numpy.abs((logs + 0.5) % 1 - 0.5) < 0.057
    print(f"tempo right {near.mean():.2f}, or an octave off {octave.mean():.2f}")


def heard(binary, paths):
    out = subprocess.run([binary, *map(str, paths)], check=True, capture_output=True, text=True).stdout
    pieces, speed = {}, []
    for line in out.splitlines():
        words = line.split()
        if words[0] == "#":
            piece = pieces[words[1]] = {"notes": [], "head": line}
            if len(words) > 5:
                speed.append((float(words[2]), sum(map(float, words[3:6]))))
                piece["tempo"] = float(words[6]) if len(words) > 6 else None
                piece["phase"] = int(words[7]) if len(words) > 7 else None
        else:
            piece["notes"].append([float(w) for w in words])
    return pieces, speed


def f1(reference, notes):
    ref_i = numpy.array([[n[0], n[1]] for n in reference])
    ref_p = mir_eval.util.midi_to_hz(numpy.array([n[2] for n in reference]))
    if not notes:
        return (0.0, 0.0, 0.0), 0.0
    est_i = numpy.array([[n[0], max(n[1], n[0] + 0.01)] for n in notes])
    est_p = mir_eval.util.midi_to_hz(numpy.array([n[2] for n in notes]))
    p, r, f, _ = mir_eval.transcription.precision_recall_f1_overlap(ref_i, ref_p, est_i, est_p, offset_ratio=None)
    onset = mir_eval.transcription.onset_precision_recall_f1(ref_i, est_i)[2]
    return (p, r, f), onset


def grid_share(reference, notes, qpm):
    """Share of matched notes that lie on the right sixteenth, and on the right one once the whole piece is shifted as it likes best."""
    est = [n for n in notes if len(n) > 5]
    if not est:
        return None
    pairs = []
    for n in est:
        near = [r for r in reference if abs(r[0] - n[0]) <= 0.05 and r[2] == n[2]]
        if near:
            r = min(near, key=lambda r: abs(r[0] - n[0]))
            pairs.append((n[5], round(r[4] * 12) / 12))
    if not pairs:
        return None
    shifts = defaultdict(int)
    for est_q, ref_q in pairs:
        shifts[round((est_q - ref_q) * 12)] += 1
    best, count = max(shifts.items(), key=lambda s: s[1])
    return count / len(pairs), best / 12


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--split", default="valid")
    arguments.add_argument("--melodies", type=int, default=100)
    arguments.add_argument("--work", default="/tmp/listen-evaluation")
    arguments.add_argument("--conditions", default="plain,noise,sharp,flat,hum")
    arguments.add_argument("--programs", default=",".join(PROGRAMS))
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("--set", choices=SETS)
    a = arguments.parse_args()
    if a.set:
        return evaluate_set(a)
    work = Path(a.work)
    work.mkdir(parents=True, exist_ok=True)
    pieces = chosen(a.split, a.melodies)
    rows, details = [], []
    speeds = []
    for condition in a.conditions.split(","):
        names = ["hum"] if condition == "hum" else a.programs.split(",")
        for name in names:
            paths = []
            for index, (song, first_bar, notes, _) in enumerate(pieces):
                path = work / f"{song}-{first_bar}-{name.replace(' ', '_')}-{condition}.wav"
                paths.append(path)
                if path.exists():
                    continue
                if condition == "hum":
                    hum(notes, path, seed=index)
                    continue
                render(notes, PROGRAMS[name], path, {"sharp": 30, "flat": -30}.get(condition, 0))
                if condition == "noise":
                    add_noise(path, 20, seed=index)
            result, speed = heard(a.binary, paths)
            speeds += speed
            values = []
            for path, (song, first_bar, notes, qpm) in zip(paths, pieces):
                piece = result[str(path)]
                (p, r, f), onset = f1(notes, piece["notes"])
                tempo = piece.get("tempo")
                grid = grid_share(notes, piece["notes"], qpm)
                ratio = tempo / qpm if tempo else numpy.nan
                values.append((p, r, f, onset, ratio, grid[0] if grid else numpy.nan,
                               float(grid[1] % 4 == 0) if grid else numpy.nan))
                details.append((f, condition, name, song, first_bar, p, r, onset, ratio))
                if not a.keep:
                    path.unlink()
            rows.append((condition, name, numpy.array(values)))
            v = rows[-1][2]
            near = numpy.abs(numpy.log(v[:, 4])) < 0.04
            octave = numpy.abs((numpy.log2(v[:, 4]) + 0.5) % 1 - 0.5) < 0.057
            print(f"{condition:8} {name:12} n {len(v):3}  P {v[:,0].mean():.3f}  R {v[:,1].mean():.3f}  F1 {v[:,2].mean():.3f}"
                  f"  (worst tenth {numpy.sort(v[:,2])[:max(1,len(v)//10)].mean():.3f})  onsets {v[:,3].mean():.3f}"
                  f"  tempo right {near.mean():.2f}, or an octave off {octave.mean():.2f}"
                  f"  on the grid {numpy.nanmean(v[near, 5]) if near.any() else float('nan'):.3f}, bar right {numpy.nanmean(v[near, 6]) if near.any() else float('nan'):.2f}", flush=True)
    for condition in a.conditions.split(","):
        v = numpy.concatenate([r[2] for r in rows if r[0] == condition])
        print(f"{condition:8} all          n {len(v):3}  F1 {v[:,2].mean():.3f} ± {v[:,2].std() / len(v) ** 0.5:.3f}")
    heard_s, spent = map(sum, zip(*speeds))
    print(f"{heard_s:.0f} s heard in {spent:.1f} s: {heard_s / spent:.0f} times real time on one core")
    (work / "details.json").write_text(json.dumps(sorted(details)))


if __name__ == "__main__":
    main()
