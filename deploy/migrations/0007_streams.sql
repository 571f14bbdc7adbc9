-- What watching needs: one-use tickets for browsers, what steps printed, and a way to the newest rows of the ledger.

-- A ticket is random; only its hash is here. Using it deletes the row, so it is good once, at whichever API process.
-- Lost with a crash of Postgres on purpose: it lives 30 s, and a browser asks for another one.
CREATE UNLOGGED TABLE stream_tickets (
  hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
  key_id     uuid NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX stream_tickets_expiry ON stream_tickets (expires_at);

-- Answers false when the key has `most` unused ones already. What has expired goes on the way.
CREATE FUNCTION pawl_ticket_make(ticket bytea, key uuid, lifetime_ms bigint, most int) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  DELETE FROM public.stream_tickets WHERE hash IN (
    SELECT t.hash FROM public.stream_tickets t WHERE t.expires_at <= now() LIMIT 100 FOR UPDATE SKIP LOCKED);
  WITH made AS (
    INSERT INTO public.stream_tickets (hash, key_id, expires_at)
    SELECT ticket, key, now() + lifetime_ms * interval '1 millisecond'
    WHERE (SELECT count(*) FROM public.stream_tickets t WHERE t.key_id = key AND t.expires_at > now()) < most
    RETURNING 1)
  SELECT EXISTS (SELECT FROM made);
$$;

-- The hash of the key that the ticket stands for; no row for an unknown, used or expired one.
CREATE FUNCTION pawl_ticket_use(ticket bytea) RETURNS SETOF bytea
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  WITH used AS (DELETE FROM public.stream_tickets WHERE hash = ticket RETURNING key_id, expires_at)
  SELECT k.hash FROM used u JOIN public.api_keys k ON k.id = u.key_id WHERE u.expires_at > now();
$$;

REVOKE ALL ON FUNCTION pawl_ticket_make(bytea, uuid, bigint, int), pawl_ticket_use(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pawl_ticket_make(bytea, uuid, bigint, int), pawl_ticket_use(bytea) TO pawl_api;

-- What a step printed: pieces in order of (epoch, attempt, part). `begins` is the place of the piece in all that this attempt
-- printed, so that a reader sees where something was left out: only the newest part of a long log is kept.
CREATE TABLE step_logs (
  exec_id   uuid NOT NULL,
  tenant_id uuid NOT NULL,
  begins    bigint NOT NULL,
  epoch     int NOT NULL,
  attempt   int NOT NULL,
  part      int NOT NULL,
  path      text NOT NULL,
  body      text NOT NULL,
  PRIMARY KEY (exec_id, path, epoch, attempt, part)
) PARTITION BY RANGE (exec_id);
ALTER TABLE step_logs ALTER COLUMN body SET COMPRESSION lz4;

ALTER TABLE step_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE step_logs FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON step_logs TO pawl_api USING (tenant_id = ANY ((SELECT pawl_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT pawl_tenants())::uuid[]));
CREATE POLICY all_tenants ON step_logs TO pawl_worker USING (true) WITH CHECK (true);
GRANT SELECT ON step_logs TO pawl_api;
GRANT SELECT, INSERT, DELETE ON step_logs TO pawl_worker;

-- Days have one more table; otherwise as in 0005.
CREATE OR REPLACE FUNCTION pawl_make_day(day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  parent text;
  child  text;
  fill   int;
  made   int := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['executions', 'steps', 'events', 'blobs', 'step_logs'] LOOP
    child := parent || to_char(day, '_YYYYMMDD');
    CONTINUE WHEN to_regclass('public.' || child) IS NOT NULL;
    fill := CASE parent WHEN 'executions' THEN 60 ELSE 100 END;  -- a finish is a heap-only update
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL) WITH (fillfactor = %s, '
                   'autovacuum_vacuum_insert_scale_factor = 0.5)', child, parent, fill);
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, child,
                   public.pawl_id_floor(day::timestamp AT TIME ZONE 'UTC'),
                   public.pawl_id_floor((day + 1)::timestamp AT TIME ZONE 'UTC'));
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', child);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

CREATE OR REPLACE FUNCTION pawl_drop_day(day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '1s'
AS $$
DECLARE
  parent  text;
  child   text;
  dropped int := 0;
BEGIN
  IF day >= (now() AT TIME ZONE 'UTC')::date - 1 THEN
    RAISE EXCEPTION 'that day is not over' USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(7007, 1);
  FOREACH parent IN ARRAY ARRAY['step_logs', 'blobs', 'events', 'steps', 'executions'] LOOP
    child := parent || to_char(day, '_YYYYMMDD');
    CONTINUE WHEN to_regclass('public.' || child) IS NULL;
    EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', parent, child);
    EXECUTE format('DROP TABLE public.%I', child);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

-- The newest rows of the ledger, whatever execution they belong to: rows are appended in the order of `at`, so a few pages of
-- index lead there, and a commit pays next to nothing for them.
CREATE INDEX events_newest ON events USING brin (at) WITH (pages_per_range = 32, autosummarize = on);

-- Days that are there already.
SELECT pawl_make_day(to_date(right(c.relname, 8), 'YYYYMMDD'))
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'executions'::regclass;
