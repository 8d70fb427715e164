"""How fast muspy measures the files that measure_folder.rs measures, and the ratio.

    python3 -m venv /tmp/venv-muspy && /tmp/venv-muspy/bin/pip install muspy==0.5.0
    cargo build --release -p aeolian-metrics --example measure_folder
    /tmp/venv-muspy/bin/python crates/metrics/examples/measure_folder.py ../shared/data/pop909/midi 60 \\
        target/release/examples/measure_folder

Reads each file and takes muspy's eleven metrics that need no argument but a bar (taken as 4/4), on one core; then runs
our program on the same files. Both count seconds of the processor, so that other work on the machine does not.
"""

import re
import subprocess
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
    folder, count, ours = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    files = sorted(Path(folder).rglob("*.mid"))[:count]
    start = time.process_time()
    for path in files:
        music = muspy.read_midi(str(path))
        for metric in METRICS:
            metric(music)
    seconds = time.process_time() - start
    print(f"muspy, {len(METRICS)} metrics: {seconds:.3f} s with reading, {len(files) / seconds:.1f} files/s")
    said = subprocess.run([ours, folder, str(count)], capture_output=True, text=True, check=True).stdout
    print(said, end="")
    for what, files_a_second in re.findall(r"(.*): .* ([0-9.]+) files/s", said):
        print(f"{what}: {float(files_a_second) * seconds / len(files):.0f} times as fast as muspy")


if __name__ == "__main__":
    main()
