// The two tables of the null engine: a narrow row for each execution, and a row for each step.
#pragma once

namespace pawl::null_engine {

/// Makes the tables, empty; for psql or a plain connection.
inline constexpr const char* kSchema = R"sql(
DROP TABLE IF EXISTS null_executions, null_events;
CREATE TABLE null_executions (
  exec_id     uuid PRIMARY KEY,
  created_at  timestamptz NOT NULL DEFAULT now(),
  started_at  timestamptz,
  finished_at timestamptz,
  epoch       int NOT NULL DEFAULT 0,
  steps       int NOT NULL,
  status      smallint NOT NULL DEFAULT 0,   -- 0 pending, 1 running, 2 completed
  owner       text,
  input       text,
  output      text
) WITH (fillfactor = 50);
CREATE TABLE null_events (
  exec_id uuid NOT NULL,
  seq     bigint NOT NULL,
  at      timestamptz NOT NULL DEFAULT now(),
  body    text NOT NULL,
  PRIMARY KEY (exec_id, seq)
);
)sql";

}  // namespace pawl::null_engine
