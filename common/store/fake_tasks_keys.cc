// Tasks and keys of the in-memory twin.
#include <algorithm>
#include <cctype>

#include "common/store/fake_answer.h"
#include "common/store/limits.h"

namespace pawl::store {
namespace {

tl::unexpected<Error> absent(const char* what) {
  return fail(ErrorKind::kNotFound, "not_found", std::string("there is no such ") + what);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

using TaskEntry = std::pair<std::pair<Uuid, std::string>, FakeDatabase::Task>;

}  // namespace

void FakeStore::put(Uuid tenant, std::string task_id, json::Value document, Sha256 hash,
                    std::optional<int> if_match, MonoTime, Done<PutTask> done) {
  answer<PutTask>("put", std::move(done), [tenant, task_id, document, hash, if_match](FakeDatabase& db) {
    return db.put_task(tenant, task_id, document, hash, if_match);
  });
}

void FakeStore::get(Uuid tenant, std::string task_id, int version, MonoTime, Done<TaskVersion> done) {
  answer<TaskVersion>("get_task", std::move(done),
                      [tenant, task_id, version](FakeDatabase& db) -> Result<TaskVersion> {
                        const auto task = db.tasks.find({tenant, task_id});
                        if (task == db.tasks.end() || task->second.removed) return absent("task");
                        if (version == 0) return task->second.versions.back();
                        for (const TaskVersion& one : task->second.versions) {
                          if (one.version == version) return one;
                        }
                        return absent("task");
                      });
}

void FakeStore::list(Uuid tenant, std::string query, Page page, MonoTime, Done<TaskList> done) {
  answer<TaskList>(
      "list_tasks", std::move(done), [tenant, query, page](FakeDatabase& db) -> Result<TaskList> {
        std::vector<TaskEntry> found;
        for (const auto& task : db.tasks) {
          if (task.first.first != tenant || task.second.removed) continue;
          if (lower(task.first.second).find(lower(query)) != std::string::npos) found.emplace_back(task);
        }
        std::sort(found.begin(), found.end(), [](const TaskEntry& a, const TaskEntry& b) {
          return std::pair(a.second.created_at, a.first.second) >
                 std::pair(b.second.created_at, b.first.second);
        });
        auto at = found.begin();
        if (!page.cursor.empty()) {
          at = std::find_if(found.begin(), found.end(),
                            [&page](const TaskEntry& t) { return t.first.second == page.cursor; });
          if (at == found.end())
            return fail(ErrorKind::kInvalid, "invalid_cursor", "that is no cursor of this list");
          ++at;
        }
        TaskList list;
        for (; at != found.end(); ++at) {
          if (static_cast<int>(list.items.size()) == std::clamp(page.limit, 1, kMaxPage)) {
            list.next = list.items.back().task_id;
            break;
          }
          list.items.push_back(at->second.versions.back());
        }
        return list;
      });
}

void FakeStore::versions(Uuid tenant, std::string task_id, MonoTime, Done<TaskList> done) {
  answer<TaskList>("versions", std::move(done), [tenant, task_id](FakeDatabase& db) -> Result<TaskList> {
    const auto task = db.tasks.find({tenant, task_id});
    if (task == db.tasks.end() || task->second.removed) return absent("task");
    return TaskList{{task->second.versions.rbegin(), task->second.versions.rend()}, {}};
  });
}

void FakeStore::remove(Uuid tenant, std::string task_id, MonoTime, Done<void> done) {
  answer<void>("remove", std::move(done), [tenant, task_id](FakeDatabase& db) -> Result<void> {
    const auto task = db.tasks.find({tenant, task_id});
    if (task == db.tasks.end() || task->second.removed) return absent("task");
    task->second.removed = true;
    return {};
  });
}

void FakeStore::plan(Uuid tenant, Sha256 hash, MonoTime, Done<json::Value> done) {
  answer<json::Value>("plan", std::move(done), [tenant, hash](FakeDatabase& db) -> Result<json::Value> {
    const auto plan = db.plans.find({tenant, hash});
    if (plan == db.plans.end()) return absent("plan");
    return plan->second;
  });
}

void FakeStore::find(Sha256 hash, MonoTime, Done<KeyRow> done) {
  answer<KeyRow>("find", std::move(done), [hash](FakeDatabase& db) -> Result<KeyRow> {
    for (const auto& key : db.keys) {
      if (key.hash == hash) return key.row;
    }
    return absent("key");
  });
}

void FakeStore::create(KeyRow row, Sha256 hash, std::string tenant_name, MonoTime, Done<KeyRow> done) {
  answer<KeyRow>("create", std::move(done),
                 [row = std::move(row), hash, tenant_name](FakeDatabase& db) mutable -> Result<KeyRow> {
                   if (!tenant_name.empty())
                     row.tenant = db.tenants.try_emplace(tenant_name, row.id).first->second;
                   row.created_at = db.now();
                   row.first_tenant = db.first_tenant == row.tenant;
                   db.keys.push_back({row, hash});
                   return row;
                 });
}

void FakeStore::list(Uuid tenant, MonoTime, Done<std::vector<KeyRow>> done) {
  answer<std::vector<KeyRow>>(
      "list_keys", std::move(done), [tenant](FakeDatabase& db) -> Result<std::vector<KeyRow>> {
        std::vector<KeyRow> rows;
        for (const auto& key : db.keys) {
          if (key.row.tenant == tenant) rows.push_back(key.row);
        }
        std::sort(rows.begin(), rows.end(), [](const KeyRow& a, const KeyRow& b) { return a.id < b.id; });
        return rows;
      });
}

void FakeStore::revoke(Uuid tenant, Uuid id, MonoTime, Done<void> done) {
  answer<void>("revoke", std::move(done), [tenant, id](FakeDatabase& db) -> Result<void> {
    for (auto& key : db.keys) {
      if (key.row.tenant != tenant || key.row.id != id) continue;
      if (!key.row.revoked_at) key.row.revoked_at = db.now();
      return {};
    }
    return absent("key");
  });
}

void FakeStore::bootstrap(KeyRow row, Sha256 hash, MonoTime, Done<std::optional<KeyRow>> done) {
  answer<std::optional<KeyRow>>(
      "bootstrap", std::move(done),
      [row = std::move(row), hash](FakeDatabase& db) mutable -> Result<std::optional<KeyRow>> {
        if (!db.keys.empty()) return std::optional<KeyRow>();
        db.first_tenant = row.tenant;
        db.tenants["default"] = row.tenant;
        row.created_at = db.now();
        row.first_tenant = true;
        db.keys.push_back({row, hash});
        return std::optional<KeyRow>(row);
      });
}

}  // namespace pawl::store
