#!/usr/bin/env bash
# Trains the release on one GPU and the cores beside it, in a quarter of an hour: tools/train_release.sh FOLDER [SECONDS]
#
# The commands are those that a laptop runs (see data/weights/README.md), with a larger denoiser and larger batches. While the GPU
# trains the autoencoder (for VAE_MINUTES, 3.3), the cores draw clips for the denoiser, up to CLIPS. Both networks go on from the weights in
# INIT (data/weights), on the clips of another SEED; INIT=none begins the denoiser anew. FOLDER/deadline, if somebody writes it before the
# denoiser's run begins (seconds since 1970), ends that run instead of SECONDS. FOLDER/release.tar at the end: the weights, logs and strips.
set -u
out=$(realpath -m "${1:?where to?}"); total=${2:-840}; init=${INIT:-data/weights}; began=$(date +%s)
cd "$(dirname "$0")/.." && mkdir -p "$out"
exec > >(tee "$out/release.log") 2>&1
run() { echo "[$(($(date +%s) - began)) s] $*"; python3 -m minisora train "$@"; }
cores=$(nproc)

nice -n 15 python3 -m minisora train latents --draw "$out/drawn" --clips "${CLIPS:-150000}" --seed "${SEED:-0}" --workers $((cores - 2)) --quiet >"$out/draw.log" 2>&1 &
drawing=$!

(   # the denoiser's blocks are compiled meanwhile, for a few steps on a few clips, and kept in the compiler's cache
    sleep 25
    few=$(nice -n 5 python3 -m minisora train latents --vae data/weights --clips 1500 --runs "$out/warm" --workers 6 --quiet | tail -1)
    run dit --preset base --prediction clean --data "$few" --steps "${WARM:-30}" --batch 512 --loaders 6 --compile yes --runs "$out/warm" --check-every 1000 --quiet
    echo "warm: $?"
) >"$out/warm.log" 2>&1 &
warming=$!

run vae --preset small --init data/weights --minutes "${VAE_MINUTES:-3.3}" --batch 64 --clips 20000 --seed "${SEED:-0}" --half-life 400 --compile no \
    --loaders 8 --check-every 1200 --save-every 1500 --runs "$out" --quiet || exit 1
kill $drawing; wait $drawing
vae=$out/vae-small/export
python3 -c "
from pathlib import Path
from minisora.train import latents
vae, runs = Path('$vae'), Path('$out')
latents.build(latents.folder_for(runs / 'cache', vae, 192, 'heldout', 0), vae, 192, 'heldout', 0, latents.BUCKETS[:1], 2)
" &
checking=$!
data=$(run latents --vae "$vae" --drawn "$out/drawn" --runs "$out" --quiet | tail -1)
wait $checking; pkill -P $warming
end=$(cat "$out/deadline" 2>/dev/null || echo $((began + total)))
from=(--init "$init"); [ "$init" = none ] && from=()
minutes() { python3 -c "import time; print(round(($end - time.time() - 45) / 60, 2))"; }  # 45 s: to begin, and to write all
dit() { run dit --preset base --prediction clean --unmasked 0.7 --vae "$vae" --data "$data" --batch 512 --half-life 700 --loaders $((cores - 4)) \
    --check-every 3500 --save-every 4000 --runs "$out" --minutes "$(minutes)" --quiet "${from[@]}" "$@"; }
dit --compile yes || { rm -rf "$out/dit-base"; dit --compile no; }
cp "$data/plan.json" "$out/"
tar cf "$out/release.tar" -C "$out" $(cd "$out" && ls -d */export */csv */command.json */strips *.log plan.json)
