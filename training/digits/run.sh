#!/bin/sh
# Remake resources/models/digits-encoder.onnx and REPORT.md from the test data, registry packages and Kokoro.
# Usage: training/digits/run.sh [--data DIR] [--work DIR] [--steps N] [--fold-steps N]
# A few hours on two cores. Every stage keeps what already exists in the work folder.
set -eu
cd "$(dirname "$0")/../.."
data=../shared/data
work="$HOME/.cache/kiosk-training/work"
steps=700
fold_steps=220
while [ $# -gt 0 ]; do
    case "$1" in
        --data) data=$2 ;;
        --work) work=$2 ;;
        --steps) steps=$2 ;;
        --fold-steps) fold_steps=$2 ;;
        *) echo "unknown argument: $1" >&2; exit 2 ;;
    esac
    shift 2
done
mkdir -p "$work"
if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet -r training/requirements.txt
    "$work/venv/bin/pip" install --quiet --no-deps -r training/requirements-parts.txt
fi
py() { nice -n 15 "$work/venv/bin/python" -W ignore -m "$@"; }

[ -f "$work/test/gcompris.npz" ] || py training.digits.prepare recordings --data "$data" --work "$work"
py training.digits.synthetic --work "$work"
py training.digits.prepare synthetic --work "$work"
[ -f resources/sounds/customer/levels.toml ] || py training.voices.synthesise customers
[ -f "$work/fold-a.pt" ] ||
    py training.digits.train --work "$work" --steps "$fold_steps" --name fold-a --without davinfifield zf_xiaoni
[ -f "$work/fold-b.pt" ] ||
    py training.digits.train --work "$work" --steps "$fold_steps" --name fold-b --without hsk1 zm_yunxia
[ -f "$work/loso.json" ] || py training.digits.loso --work "$work"
[ -f "$work/first.pt" ] || py training.digits.train --work "$work" --steps 300 --name first
[ -f "$work/digits.pt" ] || py training.digits.train --work "$work" --steps "$steps" --from first --seed 8
py training.digits.export --work "$work"
py training.digits.report --work "$work"
