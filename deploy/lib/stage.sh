# shellcheck shell=bash disable=SC2154 # variables of the script that sources this
# Stages: one line each with its time, the output of the commands in a log file that is shown only when a stage fails.
# Sourced by the scripts of deploy/; expects bash with `set -euo pipefail`.

stage_started_at=0
stage_logs=

# fail MESSAGE…: one line on stderr, and the end.
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# now_ms: milliseconds since the epoch.
now_ms() { printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }

# seconds_since MS: "3.2" seconds, for people.
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# stage NAME COMMAND…: runs the command with its output in a log, and prints `NAME … 3.2 s`.
# When it fails, the end of the log follows, and the script ends with the command's status.
stage() {
  local name=$1 log status=0
  shift
  log="$stage_logs/${name// /-}.log"
  mkdir -p "$stage_logs"
  printf '%-34s' "$name"
  stage_started_at=$(now_ms)
  set +e # not `||`: behind that, bash would ignore failures inside the command
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  status=$?
  set -e
  if ((status == 0)); then
    printf '%7s s\n' "$(seconds_since "$stage_started_at")"
    return
  fi
  printf '%7s s  failed\n' "$(seconds_since "$stage_started_at")"
  tail -n 25 "$log" | sed 's/^/  | /' >&2
  printf '  the whole output: %s\n' "$log" >&2
  exit "$status"
}

# as_root COMMAND…: directly when we are root, else through sudo.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root and there is no sudo; run once as root: $root/deploy/deps"
  fi
}
