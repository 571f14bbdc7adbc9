#include "api/cli/output.h"

#include <optional>

#include "api/cli/text.h"
#include "api/cli/values.h"
#include "api/cli/yaml.h"
#include "common/json/write.h"

namespace pawl::cli {
namespace {

std::string bytes_text(std::int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  if (bytes < 1024 * 1024) return std::to_string(bytes / 1024) + " KiB";
  return std::to_string(bytes / (1024 * 1024)) + " MiB";
}

/// A list of texts as a,b,c.
std::optional<std::string> words_at(const json::Value& item, std::string_view path) {
  std::string out;
  for (const json::Value& word : items_at(item, path)) {
    if (!word.is_string()) return std::nullopt;
    out += (out.empty() ? "" : ",") + word.as_string();
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

/// JSON and YAML are printed with what could command a terminal as \u escapes: the same document, but inert.
void print_text(Context& context, const std::string& text) { context.screen.out(escaped_lines(text)); }

}  // namespace

Cell cell_of(const json::Value& item, const Column& column, WallTime now) {
  std::string text = text_at(item, column.path);
  if (text == "{}" || text == "[]") text.clear();
  switch (column.show) {
    case Show::kText: return {escaped(words_at(item, column.path).value_or(text))};
    case Show::kStatus: return {escaped(text), paint_of_status(text)};
    case Show::kAge: return {age(text, now)};
    case Show::kDurationMs:
      return {text.empty() ? "" : short_duration(Millis{integer_at(item, column.path)})};
    case Show::kPercent: return {text.empty() ? "" : escaped(text) + "%"};
    case Show::kBytes: return {text.empty() ? "" : bytes_text(integer_at(item, column.path))};
  }
  return {};
}

void print_page(Context& context, const json::Value& page, const View& view) {
  const json::Array& items = items_at(page, "items");
  if (context.ids_only) {
    for (const json::Value& item : items) context.screen.out(escaped(text_at(item, view.id)) + "\n");
    return;
  }
  if (context.format == Format::kJsonLines) {
    for (const json::Value& item : items) print_text(context, json::write(item) + "\n");
    return;
  }
  if (context.format != Format::kTable) return print_document(context, page);
  if (items.empty()) return context.screen.err(view.none + "\n");
  std::vector<std::string> titles;
  for (const Column& column : view.columns) titles.push_back(column.title);
  std::vector<std::vector<Cell>> rows;
  const WallTime now = context.world.time.wall();
  for (const json::Value& item : items) {
    auto& row = rows.emplace_back();
    for (const Column& column : view.columns) row.push_back(cell_of(item, column, now));
  }
  const Face face = context.screen.face();
  context.screen.out(render_table(titles, rows, face));
  if (!text_at(page, "next_cursor").empty() && face.terminal) {
    context.screen.err("there are more: --all, or --cursor " + escaped(text_at(page, "next_cursor")) + "\n");
  }
}

void print_one(Context& context, const json::Value& item, const View& view, const std::string& record) {
  if (context.ids_only) return context.screen.out(escaped(text_at(item, view.id)) + "\n");
  if (context.format != Format::kTable) return print_document(context, item);
  context.screen.out(record);
}

void print_document(Context& context, const json::Value& value) {
  switch (context.format) {
    case Format::kJsonLines: return print_text(context, json::write(value) + "\n");
    case Format::kYaml: return print_text(context, write_yaml(value));
    case Format::kTable:
    case Format::kJson: return print_text(context, json::write_pretty(value) + "\n");
  }
}

std::string record_of(Context& context, const json::Value& item, const std::vector<Column>& columns) {
  std::vector<std::pair<std::string, Cell>> fields;
  const WallTime now = context.world.time.wall();
  for (const Column& column : columns) fields.emplace_back(column.title, cell_of(item, column, now));
  return render_record(fields, context.screen.face());
}

Result<json::Value> read_pages(Client& client, const Target& target, Pages pages) {
  json::Value page = TRY(client.get(target)).data;
  if (pages == Pages::kOne) return page;
  json::Array items = items_at(page, "items");
  std::string cursor = text_at(page, "next_cursor");
  while (!cursor.empty()) {
    Target next = target;
    next.query("cursor", cursor);
    page = TRY(client.get(next)).data;
    const json::Array& more = items_at(page, "items");
    items.insert(items.end(), more.begin(), more.end());
    const std::string following = text_at(page, "next_cursor");
    cursor = following == cursor ? "" : following;
  }
  return json::Value(json::Object{{"items", std::move(items)}, {"next_cursor", json::Value()}});
}

}  // namespace pawl::cli
