-- What executions lean on: people's answers, sessions, workers, breakers, history of durations, audit.

CREATE TABLE approvals (
  tenant_id    uuid NOT NULL,
  exec_id      uuid NOT NULL,
  path         text NOT NULL,
  plan_hash    bytea NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  quorum       smallint NOT NULL DEFAULT 1 CHECK (quorum > 0),
  message      text,
  risk         text,
  approvers    text[],
  form         text,
  decision     approval_decision,      -- null: waiting
  decided_at   timestamptz,
  PRIMARY KEY (exec_id, path)
);
CREATE INDEX approvals_waiting ON approvals (tenant_id, exec_id, path) WHERE decision IS NULL;

-- One vote per key: the same key twice can't make a quorum.
CREATE TABLE approval_votes (
  tenant_id uuid NOT NULL,
  exec_id   uuid NOT NULL,
  path      text NOT NULL,
  key_id    text NOT NULL,
  decision  approval_decision NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  comment   text,
  form      text,
  PRIMARY KEY (exec_id, path, key_id)
);

-- Kept in order, at most 100 per name, until a wait takes them.
CREATE TABLE signals (
  tenant_id uuid NOT NULL,
  exec_id   uuid NOT NULL,
  name      text NOT NULL,
  number    int NOT NULL CHECK (number BETWEEN 1 AND 100),
  at        timestamptz NOT NULL DEFAULT now(),
  sent_by   text,
  payload   text,
  PRIMARY KEY (exec_id, name, number)
);

CREATE TABLE sessions (
  tenant_id       uuid NOT NULL,
  id              text NOT NULL,
  status          session_status NOT NULL DEFAULT 'active',
  created_at      timestamptz NOT NULL DEFAULT now(),
  last_used_at    timestamptz NOT NULL DEFAULT now(),
  ended_at        timestamptz,
  idle_timeout    interval NOT NULL,
  max_lifetime    interval NOT NULL,
  current_exec    uuid,                -- commands of one session run one at a time
  program         text,
  env             text,
  workspace       text,
  metadata        text,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX sessions_newest ON sessions (tenant_id, created_at DESC, id DESC);

-- The lease of everything a worker holds is on this one row. Rows of the dead stay a day, so that a worker that was only
-- cut off can say that it survived (its executions did not crash), and so that no id comes back.
CREATE TABLE workers (
  id            text PRIMARY KEY,
  lease_until   timestamptz NOT NULL,
  started_at    timestamptz NOT NULL DEFAULT now(),
  absent_since  timestamptz,           -- its presence lock was seen, and is gone since
  dead_at       timestamptz,
  swept_at      timestamptz,           -- nothing in `live` is owned by it any more
  pid           bigint NOT NULL,
  slots         int NOT NULL,
  running       int NOT NULL,
  seen_present  boolean NOT NULL DEFAULT false,
  keeper        boolean NOT NULL DEFAULT false,
  draining      boolean NOT NULL DEFAULT false,
  left_cleanly  boolean NOT NULL DEFAULT false,
  survived      boolean NOT NULL DEFAULT false,
  name          text NOT NULL,
  host          text NOT NULL,
  version       text NOT NULL,
  lanes         text[] NOT NULL
) WITH (fillfactor = 30);

-- The key of a worker's presence lock, an advisory lock that goes with its connection.
CREATE FUNCTION pawl_presence_key(worker text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT hashtextextended(worker, 7007) $$;

CREATE TABLE keeper (
  one         boolean PRIMARY KEY DEFAULT true CHECK (one),
  holder      text,
  lease_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO keeper DEFAULT VALUES;

-- What workers can do: each publishes its tools' descriptors.
CREATE TABLE tools (
  name       text NOT NULL,
  worker     text NOT NULL,
  seen_at    timestamptz NOT NULL DEFAULT now(),
  descriptor text NOT NULL,
  PRIMARY KEY (name, worker)
);

CREATE TABLE breakers (
  tenant_id   uuid NOT NULL,
  tool        text NOT NULL,
  target      text NOT NULL,
  state       breaker_state NOT NULL DEFAULT 'closed',
  generation  bigint NOT NULL DEFAULT 0,  -- moved by compare-and-set only
  openings    int NOT NULL DEFAULT 0,
  open_until  timestamptz,
  changed_at  timestamptz NOT NULL DEFAULT now(),
  permits     text,
  PRIMARY KEY (tenant_id, tool, target)
);

-- A ring of the last durations per key; `slot` is the place in the ring.
CREATE TABLE duration_samples (
  tenant_id   uuid NOT NULL,
  task_id     text NOT NULL,
  step        text NOT NULL,
  tool        text NOT NULL,
  size_class  smallint NOT NULL,
  slot        smallint NOT NULL,
  duration_ms bigint NOT NULL,
  at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, task_id, step, tool, size_class, slot)
) WITH (fillfactor = 70);

-- Written without order; sealed in order by the keeper: place and hash chain are null until then.
CREATE TABLE audit (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id  uuid NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  actor      text NOT NULL,
  action     text NOT NULL,
  object     text NOT NULL,
  request_id text,
  data       text,
  place      bigint UNIQUE,
  hash       bytea
);
CREATE INDEX audit_unsealed ON audit (id) WHERE place IS NULL;
CREATE INDEX audit_by_tenant ON audit (tenant_id, id);
