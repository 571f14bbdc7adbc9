// The statement that accepts a batch, and its parameters. Only pg_accept_store.cc includes it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/db/connection.h"
#include "common/store/accept_store.h"

namespace pawl::store {

struct AcceptRow {
  const NewExecution* execution;
  Uuid exec_id;
  const std::string* input;  ///< as JSON text
};

/// The calls of one transaction: plans first (if any is given), then everything else in one statement. The
/// answer has a row per new execution (mine, 'new', ticketed) and per key found taken (mine, 'old', its
/// exec_id, same fingerprint).
std::vector<db::Call> accept_calls(std::span<const AcceptRow> rows);
/// Which of their results answers: the last one but for the copies of kept steps.
std::size_t accept_answer(std::span<const AcceptRow> rows);
/// The tenants of a batch, each once.
std::vector<Uuid> tenants_of(std::span<const AcceptRow> rows);

/// mine, created_at, ticketed: those of ($1 exec_ids, $2 tenants) that are stored.
extern const db::Statement kAcceptLookUp;
/// mine, exec_id, same: the holders of keys ($1 mine, $2 tenants, $3 keys, $4 fingerprints).
extern const db::Statement kAcceptFindKeys;
extern const db::Statement kDatabaseNow;

}  // namespace pawl::store
