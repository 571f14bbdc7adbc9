#include "common/store/pg_log_store.h"

#include <utility>

#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

const db::Statement kAppend{"log_append", R"sql(
INSERT INTO step_logs (exec_id, tenant_id, path, epoch, attempt, part, begins, body)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
  $7::bigint[], $8::text[])
ON CONFLICT DO NOTHING)sql"};
const db::Statement kForget{"log_forget", R"sql(
DELETE FROM step_logs l
USING unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
  AS f(id, path, epoch, attempt, before)
WHERE l.exec_id = f.id AND l.path = f.path AND l.epoch = f.epoch AND l.attempt = f.attempt
  AND l.begins + octet_length(l.body) <= f.before)sql"};

const db::Statement kEnded{"log_ended", R"sql(
SELECT x.final_status IS NOT NULL OR EXISTS (SELECT FROM steps s WHERE s.exec_id = x.exec_id AND s.path = $3)
FROM executions x WHERE x.tenant_id = $1 AND x.exec_id = $2)sql"};
const db::Statement kRead{"log_read", R"sql(
SELECT epoch, attempt, part, begins, body FROM step_logs
WHERE exec_id = $2 AND tenant_id = $1 AND path = $3 AND (epoch, attempt, part) > ($4, $5, $6)
ORDER BY epoch, attempt, part LIMIT $7)sql"};

}  // namespace

void PgLogStore::append(std::vector<LogPiece> pieces, MonoTime deadline, Done<void> done) {
  db::UuidArray ids, tenants, cut_ids;
  db::TextArray paths, bodies, cut_paths;
  db::IntArray epochs, attempts, parts, begins, cut_epochs, cut_attempts, cut_before;
  for (const LogPiece& piece : pieces) {
    ids.add(piece.exec_id);
    tenants.add(piece.tenant);
    paths.add(piece.path);
    epochs.add(piece.epoch);
    attempts.add(piece.attempt);
    parts.add(piece.part);
    begins.add(piece.begins);
    bodies.add(piece.body);
    if (piece.forget_before <= 0) continue;
    cut_ids.add(piece.exec_id);
    cut_paths.add(piece.path);
    cut_epochs.add(piece.epoch);
    cut_attempts.add(piece.attempt);
    cut_before.add(piece.forget_before);
  }
  std::vector<db::Call> calls;
  calls.push_back({&kAppend,
                   {ids.take(), tenants.take(), paths.take(), epochs.take(), attempts.take(), parts.take(),
                    begins.take(), bodies.take()}});
  if (cut_ids.size() > 0) {
    calls.push_back(
        {&kForget,
         {cut_ids.take(), cut_paths.take(), cut_epochs.take(), cut_attempts.take(), cut_before.take()}});
  }
  run<void>(pool_, std::move(calls), {}, deadline, std::move(done),
            [](const AllRows&) -> Result<void> { return {}; });
}

void PgLogStore::read(Uuid tenant, Uuid exec_id, std::string path, LogPosition after, MonoTime deadline,
                      Done<LogPage> done) {
  const db::Params which{db::uuid_param(tenant), db::uuid_param(exec_id), db::text_param(std::move(path))};
  db::Params from = which;
  from.push_back(db::int_param(after.epoch));
  from.push_back(db::int_param(after.attempt));
  from.push_back(db::int_param(after.part));
  from.push_back(db::int_param(kLogPage));
  std::vector<db::Call> calls;
  // Whether it ended comes first: what was printed before that is then among the pieces, if it has been
  // stored.
  calls.push_back({&kEnded, which});
  calls.push_back({&kRead, std::move(from)});
  run<LogPage>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
               [](const AllRows& all) -> Result<LogPage> {
                 if (all[0]->size() == 0)
                   return fail(ErrorKind::kNotFound, "not_found", "there is no such execution");
                 LogPage page;
                 page.step_ended = all[0]->boolean(0, 0);
                 const db::Rows& rows = *all[1];
                 page.more = rows.size() == static_cast<std::size_t>(kLogPage);
                 for (std::size_t row = 0; row < rows.size(); ++row) {
                   LogPiece piece;
                   piece.epoch = static_cast<std::uint32_t>(rows.integer(row, 0));
                   piece.attempt = static_cast<int>(rows.integer(row, 1));
                   piece.part = static_cast<int>(rows.integer(row, 2));
                   piece.begins = rows.integer(row, 3);
                   piece.body = rows.text(row, 4);
                   page.pieces.push_back(std::move(piece));
                 }
                 return page;
               });
}

}  // namespace pawl::store
