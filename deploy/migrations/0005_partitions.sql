-- Days ahead. A new day is built aside and attached, which (unlike CREATE … PARTITION OF) does not lock readers and writers
-- out. Owned by the migrating user, called by the migration and each minute by the keeper.

CREATE FUNCTION pawl_make_day(day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  parent text;
  child  text;
  fill   int;
  made   int := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['executions', 'steps', 'events', 'blobs'] LOOP
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

-- Yesterday (a clock may lag) to `ahead` days from today. Answers how many partitions were made.
CREATE FUNCTION pawl_make_partitions(ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  made  int := 0;
BEGIN
  IF ahead NOT BETWEEN 0 AND 60 THEN
    RAISE EXCEPTION 'days ahead out of range' USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(7007, 1);
  FOR n IN -1..ahead LOOP
    made := made + public.pawl_make_day(today + n);
  END LOOP;
  RETURN made;
END $$;

-- Drops a whole day, which the caller found without unfinished executions. Never today's or a later one.
CREATE FUNCTION pawl_drop_day(day date) RETURNS int
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
  FOREACH parent IN ARRAY ARRAY['blobs', 'events', 'steps', 'executions'] LOOP
    child := parent || to_char(day, '_YYYYMMDD');
    CONTINUE WHEN to_regclass('public.' || child) IS NULL;
    EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', parent, child);
    EXECUTE format('DROP TABLE public.%I', child);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

REVOKE ALL ON FUNCTION pawl_make_day(date), pawl_make_partitions(int), pawl_drop_day(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pawl_make_partitions(int), pawl_drop_day(date) TO pawl_worker;

SELECT pawl_make_partitions(3);
