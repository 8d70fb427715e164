"""How fast our MIDI reader is beside symusic (https://github.com/Yikai-Liao/symusic), in one run, on one thread each.

    python3 -m venv /tmp/venv-symusic && /tmp/venv-symusic/bin/pip install symusic
    cargo build --release -p aeolian-score --example read_speed
    /tmp/venv-symusic/bin/python crates/score/examples/read_speed.py ../shared/data

Both read the same files, in turn, from bytes in memory and from paths; both throw away what they read within the time
taken. You should see a ratio above 1 where ours is the faster. Both rates count the notes that symusic counts; ours
are 0.2 % fewer, chiefly because a note struck twice at one moment becomes one.
"""

import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

from symusic import Score

ROUNDS = 5
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
READER = Path(os.environ.get("CARGO_TARGET_DIR", "target"), "release/examples/read_speed")


def seconds_of(read, inputs):
    start = time.perf_counter()
    for each in inputs:
        read(each)
    return time.perf_counter() - start


paths = sorted(path for path in FOLDER.rglob("*.mid") if path.is_file())
files = [path.read_bytes() for path in paths]
size = sum(map(len, files))
notes = sum(Score.from_midi(file).note_num() for file in files)

ours = subprocess.Popen([READER, FOLDER, "--on-request"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
announced = ours.stdout.readline().strip()
assert announced.startswith(f"{len(paths)} files, {size} bytes,"), f"not the same files: {announced}"
print(f"ours: {announced}\nsymusic {version('symusic')}: {notes} notes")


def our_seconds(what):
    ours.stdin.write(what + "\n")
    ours.stdin.flush()
    return float(ours.stdout.readline())


def rate(seconds):
    return f"{notes / seconds / 1e6:.1f} million notes/s ({size / seconds / 1e6:.0f} MB/s)"


for what, read, inputs in [("bytes", Score.from_midi, files), ("paths", Score, paths)]:
    rounds = [(our_seconds(what), seconds_of(read, inputs)) for _ in range(ROUNDS)]
    for name, pick in [("best", min), ("median", median)]:
        mine, theirs = (pick(seconds) for seconds in zip(*rounds))
        ratio = f"ratio {theirs / mine:.2f}"
        print(f"from {what}, {name} of {ROUNDS}: ours {rate(mine)}, symusic {rate(theirs)}, {ratio}")
ours.stdin.close()
ours.wait()
