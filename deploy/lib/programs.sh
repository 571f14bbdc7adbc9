# shellcheck shell=bash disable=SC2154 # variables of the script that sources this
# Pawl's own programs of one stack, and the file that tells clients where they are. Sourced by deploy/local.

# api_port N: the port of the N-th API; its ops port is the next. From the third on they lie behind the workers' ports.
api_port() { printf '%d' $(($1 <= 2 ? port_base + 10 * ($1 - 1) : port_base + 100 + 10 * ($1 - 3))); }
worker_ops_port() { printf '%d' $((port_base + 19 + $1)); }
# ops_port NAME
ops_port() {
  case $1 in
    api-*) printf '%d' $(($(api_port "${1#api-}") + 1)) ;;
    worker-*) worker_ops_port "${1#worker-}" ;;
  esac
}

postgres_url() { printf 'postgresql://pawl:%s@127.0.0.1:%d/pawl' "$postgres_password" "$postgres_port"; }
amqp_url() { printf 'amqp://pawl:%s@127.0.0.1:%d/%%2F' "$rabbitmq_password" "$rabbitmq_port"; }

# join_with_commas WORD…
join_with_commas() {
  local IFS=,
  printf '%s' "$*"
}

write_env() {
  local i apis=() workers=() key=
  for ((i = 1; i <= api_count; i++)); do apis+=("http://127.0.0.1:$(api_port "$i")"); done
  for ((i = 1; i <= worker_count; i++)); do workers+=("http://127.0.0.1:$(worker_ops_port "$i")"); done
  if [[ -s $dir/admin.key ]]; then key=$(<"$dir/admin.key"); fi
  (
    umask 077
    cat >"$dir/env.new" <<ENV
PAWL_URL=http://127.0.0.1:$port_base
PAWL_API_KEY=$key
PAWL_OPS_URL=http://127.0.0.1:$((port_base + 1))
PAWL_POSTGRES_URL=$(postgres_url)
PAWL_AMQP_URL=$(amqp_url)
PAWL_API_URLS=$(join_with_commas "${apis[@]}")
PAWL_WORKER_OPS_URLS=$(join_with_commas "${workers[@]}")
ENV
  )
  mv "$dir/env.new" "$dir/env"
}

# Sets `program_environment`: what the programs of this stack read, instead of any PAWL_ variable of the caller's shell.
set_program_environment() {
  local name
  program_environment=(env)
  for name in "${!PAWL_@}"; do program_environment+=(-u "$name"); done
  program_environment+=("PAWL_POSTGRES_URL=$(postgres_url)" "PAWL_AMQP_URL=$(amqp_url)"
    "PAWL_AMQP_MANAGEMENT_URL=http://pawl:$rabbitmq_password@127.0.0.1:$management_port"
    "PAWL_FILE_ROOT=$dir/files" "PAWL_MAILBOX_ROOT=$dir/mailbox")
}

migrate_database() {
  local program_environment
  set_program_environment
  "${program_environment[@]}" "$bin/pawl" migrate >>"$dir/logs/migrate.log" 2>&1 ||
    { last_words migrate; fail "pawl migrate failed; the whole log: $dir/logs/migrate.log"; }
}

# start_program NAME: api-N or worker-N, with the --set values of the last `up`.
start_program() {
  local program_environment number=${1#*-} set arguments=()
  [[ -z $(pid_of "$1") ]] || return 0
  set_program_environment
  for set in "${sets[@]}"; do arguments+=(--set "$set"); done
  program_environment+=("PAWL_OPS_LISTEN=127.0.0.1:$(ops_port "$1")")
  case $1 in
    api-*)
      program_environment+=("PAWL_LISTEN=127.0.0.1:$(api_port "$number")" "PAWL_ADMIN_KEY_FILE=$dir/admin.key")
      launch "$1" "${program_environment[@]}" "$bin/pawl-api" "${arguments[@]}"
      ;;
    worker-*) launch "$1" "${program_environment[@]}" "$bin/pawl-worker" "${arguments[@]}" ;;
  esac
}

# await_program NAME: until its /readyz says so. One that ended at once says why in its last lines.
await_program() {
  local tries port
  port=$(ops_port "$1")
  for ((tries = 1; tries <= 600; tries++)); do
    if [[ -z $(pid_of "$1") ]]; then
      last_words "$1"
      fail "$1 did not start; the whole log: $dir/logs/$1.log"
    fi
    if curl -fs --noproxy '*' -o /dev/null "http://127.0.0.1:$port/readyz"; then return 0; fi
    sleep 0.05
  done
  last_words "$1"
  fail "$1 runs but is not ready: $(curl -s --noproxy '*' "http://127.0.0.1:$port/readyz" | head -c 300)"
}
