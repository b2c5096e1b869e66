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
if ! command -v math-eval > /dev/null; then
  echo "math-eval: the command is not on the PATH; activate the environment that has it (. .venv/bin/activate), or install it" >&2
  echo "from the top of the repository: pip install '.[vllm,hub,qwen]' (no GPU: transformers in place of vllm)" >&2
  exit 2
fi
math-eval explain 1 1 --grader qwen > /dev/null # what its grader lacks is said before the run, not after
prompt=$(math-eval models show "$model" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["prompt"])')
here=$(dirname "$0")
bash "$here/eval.sh" "$prompt" "$model" "$output" "$@" > /dev/null
math-eval score "$output" --reading qwen > /dev/null
math-eval compare "$output" --reported
