-- Row security and grants. Forced, so that not even the owner reads past it by accident; partitions are granted to nobody
-- and so are reached only through their parents.

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tasks', 'task_versions', 'plans', 'idempotency_keys', 'executions', 'live', 'steps', 'events',
      'blobs', 'lane_load', 'final_counts', 'approvals', 'approval_votes', 'signals', 'sessions', 'breakers',
      'duration_samples', 'audit'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY by_tenant ON %I TO pawl_api USING (tenant_id = ANY ((SELECT pawl_tenants())::uuid[])) '
                   'WITH CHECK (tenant_id = ANY ((SELECT pawl_tenants())::uuid[]))', name);
    EXECUTE format('CREATE POLICY all_tenants ON %I TO pawl_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;

-- Keys are looked up before a tenant is known: by the functions below, which run as the owner; hence not forced.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON tenants TO pawl_api USING (id = ANY ((SELECT pawl_tenants())::uuid[]));
CREATE POLICY by_tenant ON api_keys TO pawl_api USING (tenant_id = ANY ((SELECT pawl_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT pawl_tenants())::uuid[]));
CREATE POLICY all_tenants ON tenants TO pawl_worker USING (true);

GRANT SELECT ON tenants TO pawl_api, pawl_worker;
GRANT SELECT, INSERT ON api_keys TO pawl_api;
GRANT UPDATE (revoked_at, last_used_at) ON api_keys TO pawl_api;
GRANT SELECT, INSERT, UPDATE ON tasks TO pawl_api;
GRANT SELECT, INSERT ON task_versions, plans TO pawl_api;
GRANT SELECT ON tasks, task_versions, plans TO pawl_worker;
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO pawl_api;
GRANT SELECT, DELETE ON idempotency_keys TO pawl_worker;
GRANT SELECT, INSERT, UPDATE ON executions TO pawl_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON live TO pawl_api;
GRANT SELECT, INSERT ON events TO pawl_api;
GRANT SELECT ON steps, blobs TO pawl_api;
GRANT SELECT, UPDATE, DELETE ON executions, live TO pawl_worker;
GRANT SELECT, INSERT, DELETE ON steps, events, blobs TO pawl_worker;
GRANT SELECT, INSERT, UPDATE ON lane_load, final_counts TO pawl_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON lane_load, final_counts TO pawl_worker;
GRANT SELECT, INSERT, UPDATE ON approvals, signals, sessions, breakers TO pawl_api, pawl_worker;
GRANT SELECT, INSERT ON approval_votes TO pawl_api;
GRANT SELECT ON approval_votes TO pawl_worker;
GRANT DELETE ON approvals, approval_votes, signals TO pawl_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON workers, tools TO pawl_worker;
GRANT SELECT ON workers, tools TO pawl_api;
GRANT UPDATE (draining) ON workers TO pawl_api;
GRANT SELECT, UPDATE ON keeper TO pawl_worker;
GRANT SELECT ON keeper TO pawl_api;
GRANT SELECT ON duration_samples TO pawl_api;
GRANT SELECT, INSERT, UPDATE ON duration_samples TO pawl_worker;
GRANT SELECT, INSERT ON audit TO pawl_api, pawl_worker;
GRANT UPDATE (place, hash) ON audit TO pawl_worker;

CREATE FUNCTION pawl_key_by_hash(wanted bytea)
RETURNS TABLE (id uuid, tenant_id uuid, name text, prefix text, scopes text[], created_at timestamptz,
               expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz, first_tenant boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT k.id, k.tenant_id, k.name, k.prefix, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, t.first
  FROM public.api_keys k JOIN public.tenants t ON t.id = k.tenant_id WHERE k.hash = wanted
$$;

-- The tenant of that name, made with `fresh` as its id if there is none.
CREATE FUNCTION pawl_tenant_named(fresh uuid, wanted text) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  INSERT INTO public.tenants (id, name) VALUES (fresh, wanted)
  ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
$$;

-- The first tenant with its first key, if there is no key at all. Answers whether it was made.
CREATE FUNCTION pawl_bootstrap(tenant uuid, key uuid, key_hash bytea, key_name text, key_prefix text, key_scopes text[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7007, 2);  -- two API processes may start at the same moment
  IF EXISTS (SELECT FROM public.api_keys) THEN
    RETURN false;
  END IF;
  INSERT INTO public.tenants (id, name, first) VALUES (tenant, 'default', true) ON CONFLICT DO NOTHING;
  INSERT INTO public.api_keys (id, tenant_id, hash, name, prefix, scopes)
    SELECT key, t.id, key_hash, key_name, key_prefix, key_scopes FROM public.tenants t WHERE t.first;
  RETURN true;
END $$;

REVOKE ALL ON FUNCTION pawl_key_by_hash(bytea), pawl_tenant_named(uuid, text),
  pawl_bootstrap(uuid, uuid, bytea, text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pawl_key_by_hash(bytea), pawl_tenant_named(uuid, text),
  pawl_bootstrap(uuid, uuid, bytea, text, text, text[]) TO pawl_api;
