"""Asks mir_eval about chord labels and keys and writes conditional.json.

crates/metrics/tests/conditional.rs compares our figures with these.

    python3 -m venv /tmp/venv-golden && /tmp/venv-golden/bin/pip install -r requirements.txt
    /tmp/venv-golden/bin/python conditional.py [DATA]      DATA defaults to ../../../shared/data; some seconds

Three parts. `labels` and `agreement`: fifty-odd labels, each compared with each by every rule; a rule's answers are one
string, row by row of the reference (1 agrees, 0 does not, - is not judged). `songs`: the weighted recall of pop909's
own chord annotations against a spoiled copy of them; the copy is made by the arithmetic of `spoiled`, which the test
repeats, so that no annotation is written down here. `keys`: the weighted score of each of the 24 keys against each.
"""

import json
import sys
import warnings
from pathlib import Path

import mir_eval
import numpy as np

HERE = Path(__file__).parent
NAMES = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
DEGREES = ["1", "b2", "2", "b3", "3", "4", "b5", "5", "#5", "6", "b7", "7"]
# Our qualities (crates/score/src/chord.rs) in the notation of Harte 2005 that mir_eval reads, as in make.py.
QUALITIES = {
    "Major": "maj", "Minor": "min", "Diminished": "dim", "Augmented": "aug", "Sus2": "sus2", "Sus4": "sus4",
    "Major7": "maj7", "Minor7": "min7", "Dominant7": "7", "MinorMajor7": "minmaj7", "HalfDiminished7": "hdim7",
    "Diminished7": "dim7", "Major6": "maj6", "Minor6": "min6", "Dominant7Sus4": "sus4(b7)", "Major9": "maj9",
    "Minor9": "min9", "Dominant9": "9", "Add9": "maj(9)", "Power": "(1,5)",
}
RULES = [
    "root", "thirds", "thirds_inv", "triads", "triads_inv", "tetrads", "tetrads_inv", "majmin", "majmin_inv",
    "sevenths", "sevenths_inv", "mirex",
]
SONGS = 12


def chosen_labels():
    """(our quality, root, semitones from root to bass): every quality on C, some inverted, some on other roots."""
    labels = [(quality, 0, 0) for quality in QUALITIES]
    inverted = ["Major", "Minor", "Dominant7", "Minor7", "Add9"]
    labels += [(quality, 0, bass) for quality in inverted for bass in (4, 7, 2, 10)]
    labels += [(quality, root, 0) for quality in inverted for root in (7, 9)]
    return labels


def harte(quality, root, bass):
    return f"{NAMES[root]}:{QUALITIES[quality]}" + (f"/{DEGREES[bass]}" if bass else "")


def harte_of_set(root, intervals, bass):
    """A label that lists its semitones, for chords that may have no name."""
    degrees = ",".join(DEGREES[i] for i in sorted(set(intervals) | {0}))
    return f"{NAMES[root]}:({degrees})" + (f"/{DEGREES[bass]}" if bass else "")


def agreement():
    labels = [harte(*label) for label in chosen_labels()] + ["N", "X"]
    # X as an estimate is the one case in which we answer otherwise.
    pairs = [(reference, estimate) for reference in labels for estimate in labels[:-1]]
    references, estimates = map(list, zip(*pairs))
    letter = {1.0: "1", 0.0: "0", -1.0: "-"}
    return {
        rule: "".join(letter[score] for score in getattr(mir_eval.chord, rule)(references, estimates))
        for rule in RULES
    }


def in_order(spans):
    spans = sorted((span for span in spans if span[0] < span[1]), key=lambda span: span[0])
    spans = [(s, min([e] + [n[0] for n in spans[i + 1:i + 2]]), label) for i, (s, e, label) in enumerate(spans)]
    return [span for span in spans if span[0] < span[1]]


def without_gaps(spans, label):
    filled = []
    for span in spans:
        if filled and span[0] > filled[-1][1]:
            filled.append((filled[-1][1], span[0], label))
        filled.append(span)
    return filled


def spoiled(song, spans):
    """A copy with errors of every kind; (start, end, (root, intervals, bass) or None)."""
    copy = []
    for k, (start, end, (root, intervals, bass)) in enumerate(spans):
        error = (7 * k + 3 * song) % 12
        intervals = set(intervals)
        if error == 0:
            root = (root + 7) % 12
        elif error == 1:
            third, other = (4, 3) if 4 in intervals else (3, 4)
            if third in intervals:
                intervals = intervals - {third} | {other}
        elif error == 2:
            intervals = intervals | {10}
        elif error == 3:
            copy.append((start, end, None))
            continue
        elif error == 4:
            start += 0.5
        elif error == 5:
            bass = 7
        elif error == 6:
            continue
        elif error == 7:
            root = (root + 9) % 12
        copy.append((start, end, (root, intervals | {0, bass}, bass)))
    return copy


def labelled(spans):
    label = lambda chord: chord if isinstance(chord, str) else "N" if chord is None else harte_of_set(*chord)
    return np.array([span[:2] for span in spans]), [label(chord) for _, _, chord in spans]


def recall_of(path):
    annotation = json.loads(path.read_text())
    spans = [
        (start, end, (root, {(pc - root) % 12 for pc in pcs} | {0, (bass - root) % 12}, (bass - root) % 12))
        for start, end, _, root, _, bass, pcs in annotation["chords"]
    ]
    reference = without_gaps(in_order(spans), "X")
    estimate = without_gaps(in_order(spoiled(int(path.stem), spans)), None)
    (reference_times, reference_labels), (estimate_times, estimate_labels) = labelled(reference), labelled(estimate)
    scores = mir_eval.chord.evaluate(reference_times, reference_labels, estimate_times, estimate_labels)
    return {rule: round(float(scores[rule]), 9) for rule in RULES}


def keys():
    names = [f"{name} {mode}" for mode in ("major", "minor") for name in NAMES]
    return [[mir_eval.key.weighted_score(reference, estimate) for estimate in names] for reference in names]


def main():
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "../../../shared/data"
    valid = sorted(json.loads((data / "splits.json").read_text())["pop909"]["valid"])
    names = [valid[i * len(valid) // SONGS] for i in range(SONGS)]
    figures = {
        "mir_eval": mir_eval.__version__,
        "labels": chosen_labels(),
        "agreement": agreement(),
        "songs": {name: recall_of(data / f"pop909/ann/{name}.json") for name in names},
        "keys": keys(),
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in figures.items())
    (HERE / "conditional.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
