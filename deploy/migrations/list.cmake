# Every migration, in order. Forward only: a file that has been released is never changed (its checksum is kept).
set(PAWL_MIGRATIONS
  0001_types_and_roles.sql
  0002_tenants_tasks.sql
  0003_executions.sql
  0004_around_it.sql
  0005_partitions.sql
  0006_row_security.sql
  0007_streams.sql
  0008_retry.sql
  0009_breakers_changed.sql)
