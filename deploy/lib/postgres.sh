# shellcheck shell=bash disable=SC2154 # variables of the script that sources this
# The private Postgres of one stack. Sourced by deploy/local.

# The newest server that is installed.
postgres_programs() {
  local programs
  programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)
  [[ -x $programs/postgres ]] || fail "Postgres is not installed; run: $root/deploy/deps"
  printf '%s' "$programs"
}

make_postgres_data() {
  local data=$dir/postgres/data password_file=$dir/postgres/password
  rm -rf "$data.new"
  printf '%s\n' "$postgres_password" >"$password_file"
  ((EUID != 0)) || chown postgres: "$password_file"
  "${as_user[@]}" "$programs/initdb" -D "$data.new" --username=pawl --pwfile="$password_file" --auth=scram-sha-256 \
    --no-sync --encoding=UTF8 --locale=C >>"$dir/logs/postgres.log" 2>&1 ||
    { last_words postgres; fail "initdb failed; the whole log: $dir/logs/postgres.log"; }
  rm -f "$password_file"
  mv "$data.new" "$data" # so that an interrupted initdb is not taken for a database
}

# Written at each start: ports may have changed.
write_postgres_conf() {
  local conf=$dir/postgres/data/pawl.conf
  cat >"$conf" <<CONF
listen_addresses = '127.0.0.1'
port = $postgres_port
unix_socket_directories = ''
max_connections = 300
shared_buffers = 128MB
wal_compression = on
max_wal_size = 2GB
CONF
  chmod 644 "$conf"
  grep -q "^include 'pawl.conf'" "$dir/postgres/data/postgresql.conf" ||
    echo "include 'pawl.conf'" >>"$dir/postgres/data/postgresql.conf"
}

start_postgres() {
  local programs as_user can_reach=yes
  [[ -z $(pid_of postgres) ]] || return 0
  programs=$(postgres_programs)
  owned_folder postgres "$dir/postgres" 700
  user_prefix postgres "$dir/postgres"
  grant_reach "$dir/postgres"
  [[ -d $dir/postgres/data ]] || make_postgres_data
  write_postgres_conf
  (cd "$dir/postgres" && LC_ALL=C launch postgres "${as_user[@]}" "$programs/postgres" -D "$dir/postgres/data")
}

# Right after a kill the old backends may hold the shared memory for a moment: then the start is refused, and repeated.
await_postgres() {
  local programs tries
  programs=$(postgres_programs)
  for ((tries = 1; tries <= 300; tries++)); do
    if [[ -z $(pid_of postgres) ]]; then
      ((tries <= 100)) || break
      sleep 0.2
      start_postgres
    elif "$programs/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"; then
      return 0
    fi
    sleep 0.1
  done
  last_words postgres
  fail "postgres did not start; the whole log: $dir/logs/postgres.log"
}

# sql DATABASE STATEMENT
sql() {
  PGPASSWORD=$postgres_password "$(postgres_programs)/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
    -h 127.0.0.1 -p "$postgres_port" -U pawl -d "$1" -c "$2"
}

make_database() {
  [[ $(sql postgres "SELECT 1 FROM pg_database WHERE datname = 'pawl'") == 1 ]] || sql postgres 'CREATE DATABASE pawl'
}
