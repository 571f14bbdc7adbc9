-- The hot tables. executions, steps, events and blobs are partitioned by day of acceptance (the time in exec_id), so that a
-- unique index is legal, holds over midnight, and old days are dropped. No foreign keys between them, no default partition.

-- What was asked and how it ended. Written at accept and once more at finish; `final_status` is in no index, so that the
-- finish of a completed one is a heap-only update: those that ended otherwise are found by `trouble`.
CREATE TABLE executions (
  exec_id      uuid NOT NULL,
  tenant_id    uuid NOT NULL,
  created_at   timestamptz NOT NULL,
  started_at   timestamptz,
  finished_at  timestamptz,
  run_at       timestamptz,
  timeout_ms   bigint,
  final_rev    bigint,
  final_epoch  int,
  task_version int NOT NULL,
  priority     smallint NOT NULL,
  final_status execution_status CHECK (final_status >= 'completed'),
  trouble      execution_status CHECK (trouble = final_status),
  retry_of     uuid,
  plan_hash    bytea NOT NULL,
  task_id      text,
  lane         text NOT NULL,
  session_id   text,
  traceparent  text,
  created_by   text,
  labels       jsonb,
  limits       text,
  input        text,
  output       text,
  output_bytes bigint,                 -- set when the output is in blobs (path '')
  failure      text,
  progress     text,
  PRIMARY KEY (tenant_id, exec_id)
) PARTITION BY RANGE (exec_id);
CREATE INDEX executions_trouble ON executions (tenant_id, trouble, exec_id) WHERE trouble IS NOT NULL;
CREATE INDEX executions_task ON executions (tenant_id, task_id, exec_id) WHERE task_id IS NOT NULL;
CREATE INDEX executions_session ON executions (tenant_id, session_id, exec_id) WHERE session_id IS NOT NULL;

-- One narrow row per unfinished execution; deleted at finish. Claim, checkpoint and finish are heap-only: the two partial
-- indexes hold only rows that are parked (wake_at) or wait for a ticket (feed_class), which running ones never do.
CREATE TABLE live (
  exec_id         uuid PRIMARY KEY,
  tenant_id       uuid NOT NULL,
  rev             bigint NOT NULL DEFAULT 0,     -- the owner's checkpoints
  inbox           bigint NOT NULL DEFAULT 0,     -- control, signal and approval writes
  next_seq        bigint NOT NULL DEFAULT 2,     -- 1 is execution.accepted, which is read from `executions`
  ticketed_at     timestamptz,                   -- when its latest ticket was made
  started_at      timestamptz,
  wake_at         timestamptz,                   -- when the keeper publishes a ticket (again)
  held_wake_at    timestamptz,                   -- the wake_at that a pause took away
  paused_at       timestamptz,
  paused_total_us bigint NOT NULL DEFAULT 0,
  epoch           int NOT NULL DEFAULT 0,
  wakes           smallint NOT NULL DEFAULT 0,   -- tickets published in vain: they back off
  priority        smallint NOT NULL,
  feed_class      smallint,                      -- 0 high, 1 normal, 2 low: waits for its first ticket (fair sharing)
  status          execution_status NOT NULL,
  ready           boolean NOT NULL,              -- may be claimed
  cancelling      boolean NOT NULL DEFAULT false,
  pausing         boolean NOT NULL DEFAULT false,
  held_back       boolean NOT NULL DEFAULT false, -- the last checkpoint found another inbox: only its settled part is in
  compensates     boolean NOT NULL DEFAULT false, -- a committed step has a compensation: cancel needs a worker
  calendar        boolean NOT NULL DEFAULT false, -- wake_at is a calendar time: a pause does not move it
  lane            text NOT NULL,
  phase           text,
  owner           text,
  control         text,
  progress        text,
  waiting_for     text,
  crashed_owners  text[],                        -- owners that died since its last committed step
  CHECK (owner IS NULL OR NOT ready),
  CHECK (feed_class IS NULL OR status = 'pending')
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.5, autovacuum_analyze_threshold = 20000,
        vacuum_truncate = off);  -- truncation would lock everybody out
CREATE INDEX live_wake ON live (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX live_feed ON live (lane, tenant_id, feed_class, exec_id) WHERE feed_class IS NOT NULL;

-- Written once per step, at its end. The primary key makes a second committed result impossible.
CREATE TABLE steps (
  exec_id       uuid NOT NULL,
  tenant_id     uuid NOT NULL,
  position      bigint NOT NULL,
  started_at    timestamptz,
  finished_at   timestamptz,
  cpu_ms        bigint,
  max_rss_bytes bigint,
  bytes_in      bigint,
  bytes_out     bigint,
  output_bytes  bigint,                -- set when the output is in blobs
  status        step_status NOT NULL CHECK (status >= 'completed'),
  attempt       int NOT NULL,
  max_attempts  int NOT NULL,
  path          text NOT NULL,
  kind          text NOT NULL,
  tool          text,
  worker        text,
  input         text,
  output        text,
  failure       text,
  PRIMARY KEY (exec_id, path)
) PARTITION BY RANGE (exec_id);

-- The ledger: one row holds the events that one transaction wrote for one execution, last_seq - first_seq + 1 of them in
-- `body`, a JSON array. A third of the rows, and a third of their cost. The view ledger has an event a row.
CREATE TABLE events (
  exec_id   uuid NOT NULL,
  tenant_id uuid NOT NULL,
  last_seq  bigint NOT NULL,
  first_seq bigint NOT NULL CHECK (first_seq BETWEEN 2 AND last_seq),
  at        timestamptz NOT NULL,
  inbox     bigint,                    -- of a control, signal or approval write: the inbox number it made
  epoch     int NOT NULL,
  terminal  boolean NOT NULL DEFAULT false,
  body      text NOT NULL,
  PRIMARY KEY (exec_id, last_seq)
) PARTITION BY RANGE (exec_id);
CREATE UNIQUE INDEX events_one_end ON events (exec_id) WHERE terminal;
CREATE INDEX events_inbox ON events (exec_id, inbox) WHERE inbox IS NOT NULL;

-- Outputs over 64 KiB, in chunks; path '' is the execution's own.
CREATE TABLE blobs (
  exec_id   uuid NOT NULL,
  tenant_id uuid NOT NULL,
  part      int NOT NULL,
  path      text NOT NULL,
  chunk     text NOT NULL,
  PRIMARY KEY (exec_id, path, part)
) PARTITION BY RANGE (exec_id);

ALTER TABLE executions ALTER COLUMN input SET COMPRESSION lz4;
ALTER TABLE executions ALTER COLUMN output SET COMPRESSION lz4;
ALTER TABLE steps ALTER COLUMN input SET COMPRESSION lz4;
ALTER TABLE steps ALTER COLUMN output SET COMPRESSION lz4;
ALTER TABLE events ALTER COLUMN body SET COMPRESSION lz4;
ALTER TABLE blobs ALTER COLUMN chunk SET COMPRESSION lz4;
ALTER TABLE blobs ALTER COLUMN chunk SET STORAGE MAIN;

-- For people with psql: an event a row, the accepted one included.
CREATE VIEW ledger WITH (security_barrier) AS
  SELECT exec_id, tenant_id, 1::bigint AS seq, 'execution.accepted' AS type, created_at AS at, 0 AS epoch,
         NULL::text AS step, NULL::int AS attempt, NULL::jsonb AS data FROM executions
  UNION ALL
  SELECT e.exec_id, e.tenant_id, e.first_seq + b.n - 1, b.item->>'type', e.at, e.epoch,
         b.item->>'step', (b.item->>'attempt')::int, b.item->'data'
  FROM events e, jsonb_array_elements(e.body::jsonb) WITH ORDINALITY AS b(item, n);

-- Open tickets of first starts, and how far each lane's classes have been claimed: one row per writing backend, so that
-- nobody waits for anybody; a reader adds them up. The keeper folds those of backends that are gone into shard 0.
CREATE TABLE lane_load (
  tenant_id     uuid NOT NULL,
  lane          text NOT NULL,
  shard         int NOT NULL,
  open          bigint NOT NULL DEFAULT 0,
  high_claimed  timestamptz,           -- newest ticketed_at that was claimed
  normal_claimed timestamptz,
  low_claimed   timestamptz,
  PRIMARY KEY (tenant_id, lane, shard)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- How many executions ended how, in the same manner.
CREATE TABLE final_counts (
  tenant_id uuid NOT NULL,
  status    execution_status NOT NULL,
  shard     int NOT NULL,
  count     bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, status, shard)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
