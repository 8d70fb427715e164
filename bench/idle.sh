#!/usr/bin/env bash
# Everything whose wall time matters, in about six minutes of an otherwise idle machine; prints Markdown.
#
#     bench/idle.sh build      # first: what it runs (minutes, may be beside other work)
#     bench/idle.sh CORPUS > /tmp/idle.md
#
# PYTHON: an interpreter with bench/peers/requirements.txt (default /tmp/venv-peers/bin/python).
# CORPUS: made by `aeolian corpus build`; steps of the trainer are left out without it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-/tmp/venv-peers/bin/python}

if [ "${1:-}" = build ]; then
    cargo build --release -p aeolian
    cargo build --release -p aeolian-kernels --example throughput
    cargo build --release -p aeolian-nets --example peer
    cargo build --release -p aeolian-train --example begin
    cargo bench --no-run -p aeolian-kernels
    cargo bench --no-run -p aeolian-nets
    exit
fi

target=${CARGO_TARGET_DIR:-target}/release
part() { printf '\n## %s (%s s since the start, load %s)\n\n' "$1" "$SECONDS" "$(cut -d' ' -f1 /proc/loadavg)"; }

echo "# $(git describe --always --dirty), $(nproc) cores, $(date -u +%FT%RZ)"
part "Matrix products, one core"
"$target/examples/throughput"
part "Layers of an evaluation, one core"
cargo bench -q -p aeolian-kernels
part "An evaluation: the tape's forward pass and the prepared one"
cargo bench -q -p aeolian-nets
if [ -n "${1:-}" ]; then
    for precision in mixed full; do
        for config in all-transformer-2 all-lstm; do
            part "Steps of the trainer: $config, $precision"
            settings=$(mktemp)
            sed -e "s|^corpora = .*|corpora = [\"$1\"]|; s|^precision = .*|precision = \"$precision\"|" "configs/$config.toml" > "$settings"
            "$target/examples/begin" steps "$settings" 20
            rm "$settings"
        done
    done
fi
part "Training step beside PyTorch"
"$python" bench/peers/training.py --rounds 6
part "Eight bars, from start to end"
out=$(mktemp -d)
for steps in 64 2; do
    begun=$(date +%s%N)
    "$target/aeolian" compose --seed 3 --steps "$steps" --out "$out" > /dev/null
    echo "$steps steps: $((($(date +%s%N) - begun) / 1000000)) ms"
done
rm -r "$out"
part "What a piece costs"
"$python" bench/cost.py "$target/aeolian" --bars 1 8 32 128 --pieces 8 32
part "An evaluation beside ONNX Runtime and PyTorch"
"$python" bench/peers/forward.py --rounds 10
part "Done"
