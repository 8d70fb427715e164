"""How fast muspy measures the files that crates/metrics/examples/measure_folder.rs measures, and the ratio.

    python muspy_speed.py FOLDER N [OURS]      OURS: files a second, as measure_folder printed them

Reads each file and takes muspy's eleven metrics that need no argument but a bar (taken as 4/4), on one core.
"""

import sys
import time
from pathlib import Path

import muspy

METRICS = [
    muspy.n_pitches_used, muspy.n_pitch_classes_used, muspy.pitch_range, muspy.empty_beat_rate, muspy.polyphony,
    muspy.polyphony_rate, muspy.scale_consistency, muspy.pitch_entropy, muspy.pitch_class_entropy,
    muspy.drum_pattern_consistency,
    lambda music: muspy.groove_consistency(music, 4 * music.resolution),
]


def main():
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    files = sorted(folder.rglob("*.mid"))[:count]
    start, reading = time.perf_counter(), 0.0
    for path in files:
        before = time.perf_counter()
        music = muspy.read_midi(str(path))
        reading += time.perf_counter() - before
        for metric in METRICS:
            metric(music)
    seconds = time.perf_counter() - start
    theirs = len(files) / seconds
    print(f"{len(files)} files, {len(METRICS)} metrics: {seconds:.2f} s ({reading:.2f} s reading), {theirs:.2f} files/s")
    if len(sys.argv) > 3:
        print(f"ours is {float(sys.argv[3]) / theirs:.0f} times as fast")


if __name__ == "__main__":
    main()
