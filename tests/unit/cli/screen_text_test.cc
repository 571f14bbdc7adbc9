#include <gtest/gtest.h>

#include "api/cli/table.h"
#include "api/cli/text.h"
#include "api/cli/text_stream.h"
#include "common/base/time_format.h"

namespace pawl::cli {
namespace {

TEST(Text, WhatCouldCommandATerminalIsInert) {
  EXPECT_EQ(escaped("a\x1b[2Jb\r\n\x07"), "a\\u001b[2Jb\\u000d\\u000a\\u0007");
  EXPECT_EQ(escaped("\xc2\x9b"
                    "31m"),
            "\\u009b31m");  // C1: CSI in one character
  EXPECT_EQ(escaped("\xe2\x80\xae"
                    "gpj.exe"),
            "\\u202egpj.exe");  // right-to-left override
  EXPECT_EQ(escaped("\xff\xc0\xaf\xed\xa0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  EXPECT_EQ(escaped("\x7f"), "\\u007f");
  EXPECT_EQ(escaped("žluťoučký 日本 🚀"), "žluťoučký 日本 🚀");
  EXPECT_EQ(escaped_lines("a\tb\nc\x1b"), "a\tb\nc\\u001b");
}

TEST(Text, WidthsCountColumns) {
  EXPECT_EQ(width_of("abc"), 3);
  EXPECT_EQ(width_of("日本"), 4);
  EXPECT_EQ(width_of("e\xcc\x81"), 1);
  EXPECT_EQ(cut("abcdef", 4), "abc…");
  EXPECT_EQ(cut("日本語", 4), "日…");
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abc", 0), "");
  EXPECT_EQ(padded("日", 4), "日  ");
}

TEST(Text, DurationsForPeople) {
  EXPECT_EQ(short_duration(Millis{-5}), "0ms");
  EXPECT_EQ(short_duration(Millis{850}), "850ms");
  EXPECT_EQ(short_duration(Millis{4250}), "4.2s");
  EXPECT_EQ(short_duration(Millis{59'999}), "59s");
  EXPECT_EQ(short_duration(Millis{192'000}), "3m12s");
  EXPECT_EQ(short_duration(Millis{7'500'000}), "2h05m");
  EXPECT_EQ(short_duration(Millis{273'600'000}), "3d4h");
}

TEST(Text, AgesAreNeverNegative) {
  const WallTime now = *parse_rfc3339("2026-11-20T10:00:00Z");
  EXPECT_EQ(age("2026-11-20T09:59:57.000Z", now), "3s");
  EXPECT_EQ(age("2026-11-20T10:00:05.000Z", now), "0s");
  EXPECT_EQ(age("soon", now), "");
}

TEST(TextStream, KeepsBackACharacterCutInTwo) {
  TextStream stream;
  EXPECT_EQ(stream.take("a\xe6\x97"), "a");
  EXPECT_EQ(stream.take("\xa5"
                        "b\r"),
            "日b");
  EXPECT_EQ(stream.take("\nc\x1b"), "\nc\\u001b");
  EXPECT_EQ(stream.finish(), "\n");
  EXPECT_EQ(TextStream().finish(), "");
}

const std::vector<std::string> kTitles = {"ID", "NAME", "ERROR"};
const std::vector<std::vector<Cell>> kRows = {
    {{"0198f0c2"}, {"short"}, {"a message that is rather long for this"}}, {{"0198f0c3"}, {"日本"}, {""}}};

TEST(Table, APipeGetsEverything) {
  EXPECT_EQ(render_table(kTitles, kRows, Face{}),
            "ID        NAME   ERROR\n"
            "0198f0c2  short  a message that is rather long for this\n"
            "0198f0c3  日本\n");
}

TEST(Table, ATerminalGetsWhatFits) {
  for (const int width : {30, 40, 60}) {
    Face face;
    face.terminal = true;
    face.width = width;
    const std::string text = render_table(kTitles, kRows, face);
    std::size_t from = 0;
    while (from < text.size()) {
      const std::size_t end = text.find('\n', from);
      EXPECT_LE(width_of(std::string_view(text).substr(from, end - from)), width) << text;
      from = end + 1;
    }
    EXPECT_NE(text.find("0198f0c2"), std::string::npos) << "the first column is never cut";
  }
}

TEST(Table, ColourIsOnlyForTerminalsThatWantIt) {
  const std::vector<std::vector<Cell>> rows = {{{"x"}, {"failed", Paint::kRed}, {"e"}}};
  EXPECT_EQ(render_table(kTitles, rows, Face{}).find('\x1b'), std::string::npos);
  Face face;
  face.color = true;
  EXPECT_NE(render_table(kTitles, rows, face).find("\x1b[31mfailed\x1b[0m"), std::string::npos);
}

}  // namespace
}  // namespace pawl::cli
