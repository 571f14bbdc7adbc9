# shellcheck shell=bash disable=SC2154 # variables of the script that sources this
# The private RabbitMQ node of one stack, with its own name server (epmd). Sourced by deploy/local.

# The server's own scripts: Debian's wrappers in /usr/sbin insist on the system's node.
rabbitmq_programs() {
  local programs
  programs=$(printf '%s\n' /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin | sort -V | tail -n 1)
  [[ -x $programs/rabbitmq-server ]] || fail "RabbitMQ is not installed; run: $root/deploy/deps"
  printf '%s' "$programs"
}

# Sets `rabbitmq_environment` to everything that tells this node from the system's and from other stacks'. Where its user
# can't walk to the folder, or its name has characters the server's scripts don't take, the paths go through the current
# folder, which the node is started in (capabilities would not do: Erlang asks access(2), which ignores them).
set_rabbitmq_environment() {
  local base=$dir/rabbitmq
  [[ $can_reach == yes && $dir =~ ^[A-Za-z0-9._/-]+$ ]] || base=/proc/self/cwd
  rabbitmq_environment=(env
    "HOME=$base/home" LC_ALL=C.UTF-8
    "RABBITMQ_NODENAME=pawl-$epmd_port@localhost"
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 "RABBITMQ_NODE_PORT=$rabbitmq_port" "RABBITMQ_DIST_PORT=$distribution_port"
    "ERL_EPMD_PORT=$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1
    "RABBITMQ_MNESIA_BASE=$base/data" "RABBITMQ_LOG_BASE=$base/home/logs" RABBITMQ_LOGS=-
    "RABBITMQ_CONFIG_FILE=$base/rabbitmq.conf" "RABBITMQ_ADVANCED_CONFIG_FILE=$base/none"
    "RABBITMQ_GENERATED_CONFIG_DIR=$base/home/config" RABBITMQ_CONF_ENV_FILE=/dev/null
    "RABBITMQ_ENABLED_PLUGINS_FILE=$base/plugins"
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}"
    RUNNING_UNDER_SYSTEMD=1 # "no wrapper, no shell": the process started is the node itself
    ERL_CRASH_DUMP_SECONDS=0)
}

# Written at each start. The default user, vhost and permissions are made by the node itself whenever its data are empty,
# so a node whose data were deleted comes back as it was.
write_rabbitmq_conf() {
  local base=$dir/rabbitmq
  cat >"$base/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$rabbitmq_port
management.tcp.ip = 127.0.0.1
management.tcp.port = $management_port
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $prometheus_port
default_vhost = /
default_user = pawl
default_pass = $rabbitmq_password
default_user_tags.administrator = true
vm_memory_high_watermark.absolute = 2GiB
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 67108864
log.console.level = warning
CONF
  echo '[rabbitmq_management,rabbitmq_prometheus].' >"$base/plugins"
  chmod 600 "$base/rabbitmq.conf"
  ((EUID != 0)) || chown rabbitmq: "$base/rabbitmq.conf" "$base/plugins"
}

start_rabbitmq() {
  local programs as_user can_reach rabbitmq_environment base=$dir/rabbitmq
  [[ -z $(pid_of rabbitmq) ]] || return 0
  programs=$(rabbitmq_programs)
  owned_folder rabbitmq "$base" 700
  user_prefix rabbitmq "$base"
  owned_folder rabbitmq "$base/home" 700
  owned_folder rabbitmq "$base/data" 700
  write_rabbitmq_conf
  set_rabbitmq_environment
  if [[ -z $(pid_of epmd) ]]; then
    (cd "$base" && launch epmd "${as_user[@]}" epmd -port "$epmd_port" -address 127.0.0.1)
    for _ in {1..50}; do
      if port_is_open "$epmd_port"; then break; fi
      sleep 0.02
    done
  fi
  (cd "$base" && launch rabbitmq "${as_user[@]}" "${rabbitmq_environment[@]}" "$programs/rabbitmq-server")
}

# The listener opens when the node has booted; the management plugin a little earlier.
await_rabbitmq() {
  local tries
  for ((tries = 1; tries <= 600; tries++)); do
    [[ -n $(pid_of rabbitmq) ]] || break
    if port_is_open "$rabbitmq_port" && port_is_open "$management_port"; then return 0; fi
    sleep 0.1
  done
  last_words rabbitmq
  fail "rabbitmq did not start; the whole log: $dir/logs/rabbitmq.log"
}
