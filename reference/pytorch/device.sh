#!/usr/bin/env bash
# Runs training on a lent GPU machine; called from the repository's root there. Nothing is installed: the machine has
# PyTorch. What must be in work/device, and how results come back, is told in docs/training-queue.md.
#
#   device.sh smoke                              the two networks agree; examples a second, plain and compiled
#   device.sh leg NAME CONFIG SECONDS [options]  one leg of a run: goes on from out/NAME, else from work/device/NAME
set -euo pipefail
export PYTHONUNBUFFERED=1
here=reference/pytorch
corpus=work/device/all.windows.xz

smoke() {
    nvidia-smi --query-gpu=name,memory.total --format=csv,noheader
    python3 -c 'import torch; print("PyTorch", torch.__version__)'
    python3 "$here/check.py" work/device/case.safetensors --device cuda
    local size begin
    for size in small base; do
        begin=()
        if [ "$size" = small ]; then begin=(--weights models/full-transformer.safetensors); fi
        echo "== $size ${begin[*]}"
        python3 "$here/train.py" "$here/all-$size.toml" "$corpus" --out "/tmp/smoke-$size" --seconds 40 --travel-mib 60 \
            "${begin[@]}"
        echo "== $size, compiled"
        python3 "$here/train.py" "$here/all-$size.toml" "$corpus" --out "/tmp/fused-$size" --seconds 110 --travel-mib 60 \
            --compile || echo "torch.compile does not work here: leave it out"
        echo "== $size, going on from what travelled"
        python3 "$here/train.py" "$here/all-$size.toml" "$corpus" --out "/tmp/again-$size" \
            --travelled "/tmp/smoke-$size" --seconds 20 --travel-mib 60
        ls -l "/tmp/again-$size"
    done
}

leg() {
    local name=$1 config=$2 seconds=$3
    shift 3
    mkdir -p out
    python3 "$here/train.py" "$config" "$corpus" --out "$OUT" --checkpoint "out/$name" \
        --travelled "work/device/$name" --seconds "$seconds" "$@"
    ls -l "$OUT"
}

case "${1:-}" in
    smoke | leg) : "${OUT:?must name the folder whose files come back}" ;;
esac
case "${1:-}" in
    smoke) smoke 2>&1 | tee "$OUT/smoke.log" ;;
    leg) shift; leg "$@" ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
