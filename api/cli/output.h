// Printing what the API answered, in the format that was asked for.
#pragma once

#include <string>
#include <vector>

#include "api/cli/client.h"
#include "api/cli/context.h"
#include "api/cli/table.h"
#include "common/json/value.h"

namespace pawl::cli {

enum class Show : unsigned char { kText, kStatus, kAge, kDurationMs, kPercent, kBytes };

struct Column {
  std::string title;
  std::string path;  ///< into the item, as "progress.percent"
  Show show = Show::kText;
};

/// How a kind of thing looks in a table; `id` is the path of what -q prints.
struct View {
  std::string id;
  std::vector<Column> columns;
  std::string none;  ///< said on stderr for an empty list
};

Cell cell_of(const json::Value& item, const Column& column, WallTime now);

/// A page `{"items": […], "next_cursor": …}`.
void print_page(Context& context, const json::Value& page, const View& view);
/// One thing: with -q its id, in a table `record`, else the whole.
void print_one(Context& context, const json::Value& item, const View& view, const std::string& record);
/// The document in the format asked for; pretty JSON for a table.
void print_document(Context& context, const json::Value& value);
/// The columns as `name   value` lines.
std::string record_of(Context& context, const json::Value& item, const std::vector<Column>& columns);

enum class Pages : unsigned char { kOne, kAll };
/// Reads a list: one page, or every page joined. `target` has no cursor yet.
Result<json::Value> read_pages(Client& client, const Target& target, Pages pages);

}  // namespace pawl::cli
