-- Words and roles. The words are the contract's (http-api.md §4, plan-language.md §6); two roles reach the tables:
-- pawl_api sees only the tenants its transaction names, pawl_worker sees all of them and carries the tenant in its SQL.

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['pawl_api', 'pawl_worker'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- made at the same moment for another database of this cluster
      END;
    END IF;
    -- Whoever migrates also runs the processes, which SET ROLE after connecting.
    IF NOT pg_has_role(current_user, wanted, 'MEMBER')
       OR NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = wanted::regrole AND m.member = current_user::regrole) THEN
      EXECUTE format('GRANT %I TO %I', wanted, current_user);
    END IF;
  END LOOP;
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO pawl_api, pawl_worker;

CREATE TYPE execution_status AS ENUM
  ('pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled', 'timed_out');
CREATE TYPE step_status AS ENUM
  ('pending', 'running', 'waiting', 'retrying', 'completed', 'failed', 'skipped', 'cancelled');
CREATE TYPE breaker_state AS ENUM
  ('closed', 'open', 'half_open', 'forced_open', 'disabled', 'metrics_only');
CREATE TYPE session_status AS ENUM ('active', 'ended', 'expired');
CREATE TYPE approval_decision AS ENUM ('approve', 'reject', 'expired');

-- The tenants of this transaction. As an initplan, `(SELECT pawl_tenants())`, it is evaluated once per statement.
-- A setting that was local to an earlier transaction reads as '' later: that is no tenant at all.
CREATE FUNCTION pawl_tenants() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(current_setting('pawl.tenants', true), ''), '{}')::uuid[] $$;

-- The smallest id of a moment, with nothing after its 48 bits of milliseconds: where a partition begins.
CREATE FUNCTION pawl_id_floor(moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT rpad(lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid $$;

-- The moment inside a UUIDv7.
CREATE FUNCTION pawl_id_time(id uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0) $$;
