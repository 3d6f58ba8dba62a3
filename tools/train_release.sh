#!/usr/bin/env bash
# Trains the release on one GPU and the cores beside it, in a quarter of an hour: tools/train_release.sh FOLDER [SECONDS]
#
# The commands are those that a laptop runs (see data/weights/README.md), with larger networks and batches. All go on from the weights in
# INIT (data/weights), on the clips of another SEED. Two trainings share the GPU, since one alone leaves half of it waiting:
#   1. the whole autoencoder (for VAE_MINUTES), while the cores draw clips and the denoiser begins on what they drew first;
#   2. the decoder alone, its encoder as it then is, while the denoiser goes on with all clips, coded anew.
# FOLDER/deadline, if somebody writes it before the second part begins (seconds since 1970), ends that instead of SECONDS.
# KEEP=yes leaves the autoencoder as it is and all of the GPU to the denoiser; clips are then drawn for DRAW seconds.
# FRAMING, flags of benchmarks/framing.py, has it train its two small models beside the rest, under FOLDER/framing.
# FOLDER/release.tgz at the end: the weights, logs and strips. PRESET, BATCH, LEVELS, FOCUS, CLIPS, … say how large and how; see below.
set -u
out=$(realpath -m "${1:?where to?}"); total=${2:-840}; init=$(realpath "${INIT:-data/weights}"); began=$(date +%s); seed=${SEED:-0}
cd "$(dirname "$0")/.." && mkdir -p "$out"
exec > >(tee "$out/release.log") 2>&1
run() { echo "[$(($(date +%s) - began)) s] $*"; python3 -m minisora train "$@"; }
cores=$(nproc); some() { echo $(($1 < cores ? $1 : 1)); }

nice -n 15 python3 -m minisora train latents --draw "$out/drawn" --clips "${CLIPS:-150000}" --seed "$seed" --workers "$(some 13)" --quiet >"$out/draw.log" 2>&1 &
drawing=$!

if [ "${FRAMING:-}" ]; then
    framed() { PYTHONPATH=.:${PYTHONPATH:-} python3 benchmarks/framing.py --runs "$out/framing" --init "$init" --quiet $FRAMING --train "$1"; }
    framed "all of it" >"$out/framing-whole.log" 2>&1 &
    framing=$!  # it makes what both see; the other one begins then, or when this one has failed
    (until ls "$out"/framing/cache-*/*/plan.json >/dev/null 2>&1 || ! kill -0 $framing 2>/dev/null; do sleep 2; done; framed "square crops") >"$out/framing-crops.log" 2>&1 &
fi

read -r mean std <<<"${LEVELS:-1.5 1.3}"  # MiniSora's sampler asks nothing of the network below sigma 0.5 (flow.LEAP)
dit() {
    run dit --preset "${PRESET:-base}" --prediction clean --unmasked 0.7 --batch "${BATCH:-1024}" --level-mean "$mean" --level-std "$std" --seed "$seed" \
        --moving "${MOVING:-3}" --focus "${SHARP:-3}" --detailed "${DETAILED:-0.5}" --often ${OFTEN:-spin=2.5 cookie=2.5 hide=3 leave=2.5 then=1.5} \
        --half-life 500 --loaders "$(some 8)" --check-every 2500 --save-every "${SAVE:-250}" --runs "$out" --quiet "$@"
}
vae() {
    run vae --preset "${PRESET:-base}" --batch "${VAE_BATCH:-128}" --focus "${FOCUS:-8}" --clips "${VAE_CLIPS:-20000}" --seed "$seed" \
        --half-life 300 --compile no --loaders "$(some 8)" --check-every 1000 --save-every 1000 --quiet "$@"
}

(   # the denoiser begins on the first clips, as the autoencoder in INIT codes them, and is stopped when the others are coded
    until [ "$(find "$out/drawn" -name '*.npz' 2>/dev/null | wc -l)" -ge "${FIRST:-150}" ]; do sleep 2; done
    data=$(run latents --vae "$init" --drawn "$out/drawn" --runs "$out/first" --quiet | tail -1) && [ -d "$data" ] || exit 1
    dit --vae "$init" --data "$data" --init "$init" --minutes 60 --compile "${COMPILE:-yes}"
) >"$out/first.log" 2>&1 &
first=$!

if [ "${KEEP:-}" ]; then
    whole=$init; sleep "${DRAW:-210}"
else
    vae --init "$init" --minutes "${VAE_MINUTES:-3.5}" --runs "$out" || exit 1
    whole=$out/vae-${PRESET:-base}/export
fi
kill $drawing; wait $drawing
python3 -c "
from pathlib import Path
from minisora.train import latents
vae, runs = Path('$whole'), Path('$out')
latents.build(latents.folder_for(runs / 'cache', vae, 192, 'heldout', 0), vae, 192, 'heldout', 0, latents.BUCKETS[:1], 2)
" &
checking=$!
data=$(run latents --vae "$whole" --drawn "$out/drawn" --runs "$out" --quiet | tail -1)
wait $checking
end=$(cat "$out/deadline" 2>/dev/null || echo $((began + total)))
[ "${KEEP:-}" ] || vae --init "$whole" --decoder-only --minutes "$(python3 -c "import time; print(round(($end - time.time() - 60) / 60, 2))")" --runs "$out/decoder" &
decoder=$!

pkill -KILL -f "minisora train dit .*$out"; wait $first
minutes=$(python3 -c "
import time, torch
from pathlib import Path
done, path = 0, Path('$out/dit-${PRESET:-base}/last.ckpt')
if path.exists():
    kept = torch.load(path, map_location='cpu', weights_only=False)['callbacks']
    done = next(value['seconds'] for key, value in kept.items() if key.startswith('Budget'))
print(round((done + $end - time.time() - 45) / 60, 2))  # 45 s: to begin, and to write all
")
going=(--resume); [ -e "$out/dit-${PRESET:-base}/last.ckpt" ] || going=()
dit --vae "$whole" --data "$data" --init "$init" "${going[@]}" --minutes "$minutes" --compile "${COMPILE:-yes}"
wait $decoder
cp "$data/plan.json" "$out/"
coder=$(cd "$out" && ls -d decoder/*/export 2>/dev/null || ls -d vae-*/export 2>/dev/null)
tar c -C "$out" $coder $(cd "$out" && ls -d dit-*/export */csv decoder/*/csv */command.json decoder/*/command.json */strips decoder/*/strips *.log plan.json 2>/dev/null) | gzip -1 >"$out/release.tgz"
