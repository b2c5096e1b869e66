#!/usr/bin/env bash
# Runs a model on its report's benchmarks, scores it as the reference harness does, and prints one table beside the published scores.
#   bash sh/reproduce.sh MODEL [OUTPUT_DIR] [SUITE] [more math-eval run flags]
# For example: bash sh/reproduce.sh Qwen/Qwen2.5-Math-7B-Instruct; the prompt is that of the model's family.
set -euo pipefail
if [ $# -lt 1 ]; then
  echo "usage: bash sh/reproduce.sh MODEL [OUTPUT_DIR] [SUITE] [flags of math-eval run]" >&2
  exit 2
fi
model=$1
shift
output=runs/reproduce-$(basename "$model")
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
  output=$1
  shift
fi
command -v math-eval > /dev/null || { echo "math-eval: not installed here; run: pip install -e '.[vllm,hub,qwen]'" >&2; exit 2; }
prompt=$(math-eval models show "$model" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["prompt"])')
here=$(dirname "$0")
bash "$here/eval.sh" "$prompt" "$model" "$output" "$@" > /dev/null
math-eval score "$output" --reading qwen > /dev/null
math-eval compare "$output" --reported
