#!/usr/bin/env bash
# Runs a suite on a model with one model load and prints one table.
#   bash sh/eval.sh PROMPT_TYPE MODEL [OUTPUT_DIR] [SUITE] [more math-eval run flags]
# For example: bash sh/eval.sh qwen25-math-cot Qwen/Qwen2.5-Math-7B-Instruct
#              bash sh/eval.sh auto Qwen/Qwen3-8B runs/qwen3-8b reasoning-2026
# PROMPT_TYPE auto: the prompt and the sets with which the makers of the model evaluate it.
# CUDA_VISIBLE_DEVICES chooses GPUs; unset means all: each model layer is shared by all that are visible.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: bash sh/eval.sh PROMPT_TYPE MODEL [OUTPUT_DIR] [SUITE] [flags of math-eval run]" >&2
  exit 2
fi
prompt=$1 model=$2
shift 2
output=() suite=qwen-math
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
  output=(--output "$1")
  shift
fi
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
  suite=$1
  shift
fi
gpus=1
if command -v nvidia-smi > /dev/null; then
  if [ -n "${CUDA_VISIBLE_DEVICES:-}" ]; then
    gpus=$(echo "$CUDA_VISIBLE_DEVICES" | tr ',' '\n' | grep -c .)
  else
    gpus=$(nvidia-smi -L 2> /dev/null | grep -c '^GPU' || true)
    [ "$gpus" -gt 0 ] || gpus=1
  fi
fi
if ! command -v math-eval > /dev/null; then
  echo "math-eval: the command is not on the PATH; activate the environment that has it (. .venv/bin/activate), or install it" >&2
  echo "from the top of the repository: pip install '.[vllm,hub]' (no GPU: transformers in place of vllm)" >&2
  exit 2
fi
asked=(--prompt "$prompt")
[ "$prompt" != auto ] || asked=()
parallel=()
[ "$gpus" -le 1 ] || parallel=(--tensor-parallel "$gpus")
case " $* " in
  *" --engine "* | *" -e "* | *" --tensor-parallel "*) parallel=() ;; # what is said goes before what is guessed
esac
exec math-eval run "$model" ${asked[@]+"${asked[@]}"} --suite "$suite" ${output[@]+"${output[@]}"} ${parallel[@]+"${parallel[@]}"} "$@"
