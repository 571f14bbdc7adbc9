-- Who, and what can be run: tenants, their keys, tasks with their versions, plan snapshots by hash.
-- Documents are text, not jsonb: they keep their order and their numbers exactly, and cost no parsing here.

CREATE TABLE tenants (
  id         uuid PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  first      boolean NOT NULL DEFAULT false,
  settings   text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX tenants_one_is_first ON tenants (first) WHERE first;

CREATE TABLE api_keys (
  id           uuid PRIMARY KEY,
  tenant_id    uuid NOT NULL REFERENCES tenants,
  hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  name         text NOT NULL,
  prefix       text NOT NULL,
  scopes       text[] NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, id);

CREATE TABLE tasks (
  tenant_id  uuid NOT NULL,
  task_id    text NOT NULL,
  version    int NOT NULL,              -- the newest
  created_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz,               -- numbers go on if it is put again
  PRIMARY KEY (tenant_id, task_id)
);
CREATE INDEX tasks_newest ON tasks (tenant_id, created_at DESC, task_id DESC) WHERE removed_at IS NULL;

CREATE TABLE task_versions (
  tenant_id  uuid NOT NULL,
  task_id    text NOT NULL,
  version    int NOT NULL,
  plan_hash  bytea NOT NULL,
  document   text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, task_id, version)
);

CREATE TABLE plans (
  tenant_id  uuid NOT NULL,
  hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
  document   text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, hash)
);

CREATE TABLE idempotency_keys (
  tenant_id   uuid NOT NULL,
  key         text NOT NULL,
  fingerprint bytea NOT NULL,
  exec_id     uuid NOT NULL,
  sync        boolean NOT NULL,
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys USING brin (expires_at);
