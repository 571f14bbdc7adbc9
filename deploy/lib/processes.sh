# shellcheck shell=bash disable=SC2154 # variables of the script that sources this
# The processes of one stack: started detached, remembered by pid *and* start time, so that a number that went to a
# foreign process in the meantime is never signalled. Sourced by deploy/local; `dir` is the stack's folder.

# process_start PID: when it was started (clock ticks since boot) and the boot it belongs to; empty when there is no such
# process or it has ended and only waits to be reaped.
process_start() {
  local stat fields
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  read -ra fields <<<"${stat##*) }" # the name in brackets may hold spaces
  [[ ${fields[0]} != [ZX] ]] || return 0
  printf '%s %s' "${fields[19]}" "$(</proc/sys/kernel/random/boot_id)"
}

# remember NAME PID
remember() {
  process_start "$2" >"$dir/pids/.$1.start"
  printf '%s\n' "$2" >"$dir/pids/$1.pid"
}

# pid_of NAME: the pid when that process is ours and alive (a frozen one is), else nothing.
pid_of() {
  local pid start
  { pid=$(<"$dir/pids/$1.pid") && start=$(<"$dir/pids/.$1.start"); } 2>/dev/null || return 0
  [[ $pid =~ ^[0-9]+$ && -n $start && $(process_start "$pid") == "$start" ]] || return 0
  printf '%s' "$pid"
}

# launch NAME COMMAND…: runs it detached from the terminal and this script, output appended to its log.
launch() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$dir/logs/$name.log" 2>&1 9>&- &
  remember "$name" $!
  disown
}

# stop_process NAME SIGNAL SECONDS: the signal, and SIGKILL when it is still there after so many seconds.
stop_process() {
  local pid tenths
  pid=$(pid_of "$1")
  if [[ -n $pid ]]; then
    kill "-$2" "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true # a frozen process has to wake up to end
    for ((tenths = $3 * 20; tenths > 0; tenths--)); do
      [[ -n $(pid_of "$1") ]] || break
      sleep 0.05
    done
    if [[ -n $(pid_of "$1") ]]; then
      kill -KILL "$pid" 2>/dev/null || true
      while [[ -n $(pid_of "$1") ]]; do sleep 0.02; done
    fi
  fi
  rm -f "$dir/pids/$1.pid" "$dir/pids/.$1.start"
}

# user_prefix USER FOLDER: sets `as_user` to the words that run a command as that user when we are root, and `can_reach`
# to whether that user can walk to the folder (not so in a clone under /root).
user_prefix() {
  as_user=() can_reach=yes
  ((EUID == 0)) || return 0
  as_user=(setpriv "--reuid=$1" "--regid=$1" --init-groups)
  # `stat`, as everywhere here, not `test`: access(2) ignores capabilities.
  "${as_user[@]}" stat "$2/." >/dev/null 2>&1 || can_reach=no
}

# grant_reach FOLDER: adds to `as_user` the one capability that lets it walk to the folder.
grant_reach() {
  local cap plain=("${as_user[@]}")
  [[ $can_reach == no ]] || return 0
  for cap in dac_read_search dac_override; do
    as_user=("${plain[@]}" "--inh-caps=+$cap" "--ambient-caps=+$cap")
    if "${as_user[@]}" stat "$1/." >/dev/null 2>&1; then return 0; fi
  done
  fail "an unprivileged user can't reach $1; give another folder with --dir"
}

# owned_folder USER FOLDER MODE
owned_folder() {
  mkdir -p "$2"
  chmod "$3" "$2"
  ((EUID != 0)) || chown "$1:" "$2"
}

# port_is_open PORT
port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# last_words NAME: the end of its log, for an error message.
last_words() { tail -n 5 "$dir/logs/$1.log" 2>/dev/null | sed 's/^/  | /' >&2; }
