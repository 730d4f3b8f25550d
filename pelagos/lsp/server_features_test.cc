// What the server answers about documents.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/lsp/server_testing.h"

namespace pelagos::lsp {
namespace {

const Json kModern = {
    {"general", {{"positionEncodings", Json::array({"utf-32", "utf-8", "utf-16"})}}},
    {"workspace", {{"workspaceEdit", {{"documentChanges", true}}}}},
    {"textDocument",
     {{"hover", {{"contentFormat", Json::array({"markdown", "plaintext"})}}},
      {"completion", {{"completionItem", {{"documentationFormat", Json::array({"markdown"})}}}}},
      {"signatureHelp",
       {{"signatureInformation",
         {{"documentationFormat", Json::array({"markdown"})},
          {"parameterInformation", {{"labelOffsetSupport", true}}}}}}},
      {"documentSymbol", {{"hierarchicalDocumentSymbolSupport", true}}},
      {"publishDiagnostics",
       {{"relatedInformation", true}, {"tagSupport", {{"valueSet", Json::array({1})}}}}},
      {"rename", {{"prepareSupport", true}}},
      {"codeAction", {{"codeActionLiteralSupport", Json::object()}}}}}};

TEST(Features, Capabilities) {
  Editor modern, plain;
  const Json can = modern.Ask("initialize", {{"capabilities", kModern}})["capabilities"];
  EXPECT_EQ(can["positionEncoding"], "utf-8");
  EXPECT_EQ(can["renameProvider"]["prepareProvider"], true);
  EXPECT_TRUE(can.contains("codeActionProvider"));
  const Json less = plain.Ask("initialize", Json::object())["capabilities"];
  EXPECT_EQ(less["positionEncoding"], "utf-16");
  EXPECT_EQ(less["renameProvider"], true);
  EXPECT_FALSE(less.contains("codeActionProvider"));
  for (const char* name :
       {"hoverProvider", "completionProvider", "signatureHelpProvider", "definitionProvider",
        "referencesProvider", "documentSymbolProvider", "documentFormattingProvider",
        "documentRangeFormattingProvider", "documentHighlightProvider", "foldingRangeProvider"}) {
    EXPECT_TRUE(less.contains(name)) << name;
  }
  EXPECT_EQ(less["completionProvider"]["triggerCharacters"], Json::array({"(", ":", "'"}));
}

TEST(Features, HoverByCapability) {
  Editor modern{kModern}, plain{Json::object()};
  for (Editor* editor : {&modern, &plain}) editor->Open("; Of *the* web.\n(define port 80)\nport");
  const Json shown = modern.Ask("textDocument/hover", Editor::At(2, 1));
  EXPECT_EQ(shown["contents"]["kind"], "markdown");
  EXPECT_TRUE(
      absl::StartsWith(shown["contents"].value("value", ""), "```scheme\n(define port 80)"));
  EXPECT_EQ(Editor::Place(shown["range"]), "2:0-2:4");
  const Json text = plain.Ask("textDocument/hover", Editor::At(2, 1));
  EXPECT_EQ(text["contents"]["kind"], "plaintext");
  EXPECT_EQ(text["contents"]["value"], "(define port 80)\n\nOf the web.\n\nDefined in line 2.");
  EXPECT_EQ(plain.Ask("textDocument/hover", Editor::At(0, 3)), nullptr);
}

// The whale takes 2 units or 4 bytes.
TEST(Features, ColumnsByEncoding) {
  Editor modern{kModern}, plain{Json::object()};
  for (Editor* editor : {&modern, &plain}) editor->Open("(define a \"🐋\") (list a)");
  EXPECT_EQ(Editor::Place(plain.Ask("textDocument/hover", Editor::At(0, 22))["range"]),
            "0:22-0:23");
  EXPECT_EQ(Editor::Place(modern.Ask("textDocument/hover", Editor::At(0, 24))["range"]),
            "0:24-0:25");
}

TEST(Features, EditsInARow) {
  Editor editor{Json::object()};
  editor.Open("(define é 1)\n(list é)");
  editor.Change(Json::array({{{"range", Editor::Range(0, 8, 0, 9)}, {"text", "port"}},
                             {{"range", Editor::Range(1, 6, 1, 7)}, {"text", "port"}}}),
                2);
  EXPECT_EQ(Editor::Place(editor.Ask("textDocument/definition", Editor::At(1, 7))["range"]),
            "0:8-0:12");
  editor.Change(Json::array({{{"text", "(define all 1) all"}}}), 3);
  EXPECT_EQ(Editor::Place(editor.Ask("textDocument/definition", Editor::At(0, 15))["range"]),
            "0:8-0:11");
}

TEST(Features, Completion) {
  Editor editor{Json::object()};
  editor.Open("(service \"db\")\n(service \"a\" '(depends-on \"d\"))\n(def");
  const Json names = editor.Ask("textDocument/completion", Editor::At(1, 28));
  ASSERT_EQ(names["items"].size(), 1u);
  EXPECT_EQ(names["items"][0]["label"], "db");
  EXPECT_EQ(names["items"][0]["textEdit"]["newText"], "db");
  EXPECT_EQ(Editor::Place(names["items"][0]["textEdit"]["range"]), "1:27-1:28");
  const Json words = editor.Ask("textDocument/completion", Editor::At(2, 4));
  std::set<std::string> labels;
  for (const Json& item : words["items"]) {
    labels.insert(item.value("label", ""));
    EXPECT_EQ(Editor::Place(item["textEdit"]["range"]), "2:1-2:4");
    EXPECT_TRUE(item.contains("documentation")) << item;
  }
  EXPECT_EQ(labels.count("define"), 1u);
}

TEST(Features, SignatureHelp) {
  Editor modern{kModern}, plain{Json::object()};
  for (Editor* editor : {&modern, &plain}) editor->Open("(substring \"a\" ");
  const Json offsets = modern.Ask("textDocument/signatureHelp", Editor::At(0, 15));
  EXPECT_EQ(offsets["activeParameter"], 1);
  EXPECT_EQ(offsets["signatures"][0]["parameters"][1]["label"], Json::array({23, 32}));
  const Json texts = plain.Ask("textDocument/signatureHelp", Editor::At(0, 15));
  EXPECT_EQ(texts["signatures"][0]["parameters"][1]["label"], "start:int");
}

TEST(Features, DefinitionInAnotherFile) {
  Editor editor{Json::object()};
  editor.disk["/d/my lib.reml"] = "; é\n(define (greet name) name)\n";
  editor.Open("(import \"my lib.reml\")\n(greet 1)");
  Json place = editor.Ask("textDocument/definition", Editor::At(1, 2));
  EXPECT_EQ(place["uri"], "file:///d/my%20lib.reml");
  EXPECT_EQ(Editor::Place(place["range"]), "1:9-1:14");
  // When it is open, what is seen counts, and its name is the editor's.
  editor.Open("(define (greet) 1)", "file:///d/my lib.reml");
  place = editor.Ask("textDocument/definition", Editor::At(1, 2));
  EXPECT_EQ(place["uri"], "file:///d/my lib.reml");
  EXPECT_EQ(Editor::Place(place["range"]), "0:9-0:14");
}

TEST(Features, ReferencesAndHighlights) {
  Editor editor{Json::object()};
  editor.Open("(define a 1)\n(set! a (+ a 1))");
  Json params = Editor::At(1, 6);
  EXPECT_EQ(editor.Ask("textDocument/references", params).size(), 3u);
  params["context"] = {{"includeDeclaration", false}};
  const Json uses = editor.Ask("textDocument/references", params);
  ASSERT_EQ(uses.size(), 2u);
  EXPECT_EQ(Editor::Place(uses[0]["range"]), "1:6-1:7");
  const Json marks = editor.Ask("textDocument/documentHighlight", params);
  ASSERT_EQ(marks.size(), 3u);
  EXPECT_EQ(marks[0]["kind"], 3);
  EXPECT_EQ(marks[2]["kind"], 2);
}

TEST(Features, Symbols) {
  Editor modern{kModern}, plain{Json::object()};
  for (Editor* editor : {&modern, &plain}) {
    editor->Open("(define (f)\n  (define b 1)\n  b)\n(service \"\")");
  }
  const Json nested = modern.Ask("textDocument/documentSymbol", Editor::Document());
  ASSERT_EQ(nested.size(), 2u);
  EXPECT_EQ(nested[0]["name"], "f");
  EXPECT_EQ(Editor::Place(nested[0]["range"]), "0:0-2:4");
  EXPECT_EQ(Editor::Place(nested[0]["selectionRange"]), "0:9-0:10");
  EXPECT_EQ(nested[0]["children"][0]["name"], "b");
  EXPECT_EQ(nested[1]["name"], "\"\"");  // editors want one
  const Json flat = plain.Ask("textDocument/documentSymbol", Editor::Document());
  ASSERT_EQ(flat.size(), 3u);
  EXPECT_EQ(flat[1]["containerName"], "f");
  EXPECT_EQ(flat[1]["location"]["uri"], Editor::kUri);
}

TEST(Features, Formatting) {
  Editor editor{Json::object()};
  const Json options = {{"tabSize", 2}, {"insertSpaces", true}};
  Json params = Editor::Document();
  params["options"] = options;
  editor.Open("(define   a 1)\n(define b   2)\n");
  Json edits = editor.Ask("textDocument/formatting", params);
  ASSERT_EQ(edits.size(), 2u);
  EXPECT_EQ(Editor::Place(edits[0]["range"]), "0:7-0:10");
  EXPECT_EQ(edits[0]["newText"], " ");
  params["range"] = Editor::Range(1, 3, 1, 4);
  edits = editor.Ask("textDocument/rangeFormatting", params);
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_EQ(Editor::Place(edits[0]["range"]), "1:9-1:12");
  editor.Change(Json::array({{{"text", "(define   a"}}}), 2);
  EXPECT_EQ(editor.Ask("textDocument/formatting", params), nullptr);
}

TEST(Features, Rename) {
  Editor modern{kModern}, plain{Json::object()};
  for (Editor* editor : {&modern, &plain}) editor->Open("(define a 1) (list a 'a)");
  Json params = Editor::At(0, 19);
  const Json prepared = modern.Ask("textDocument/prepareRename", params);
  EXPECT_EQ(Editor::Place(prepared["range"]), "0:19-0:20");
  EXPECT_EQ(prepared["placeholder"], "a");
  EXPECT_EQ(modern.Ask("textDocument/prepareRename", Editor::At(0, 15)), nullptr);
  params["newName"] = "b";
  const Json versioned = modern.Ask("textDocument/rename", params);
  EXPECT_EQ(versioned["documentChanges"][0]["textDocument"]["version"], 1);
  EXPECT_EQ(versioned["documentChanges"][0]["edits"].size(), 2u);
  EXPECT_EQ(plain.Ask("textDocument/rename", params)["changes"][Editor::kUri].size(), 2u);
  params["newName"] = "not a name";
  EXPECT_EQ(modern.Error("textDocument/rename", params), -32803);
  params = Editor::At(0, 15);
  params["newName"] = "b";
  EXPECT_EQ(modern.Error("textDocument/rename", params), -32803);
}

TEST(Features, Folding) {
  Editor editor{Json::object()};
  editor.Open("#| a\nb |#\n(define (f)\n  (list 1\n    2))\n(g)");
  EXPECT_EQ(editor.Ask("textDocument/foldingRange", Editor::Document()).size(), 3u);
}

TEST(Features, DiagnosticsOfEachVersion) {
  Editor editor{Json::object()};
  editor.Open("(display (car 1 2))");
  std::vector<Json> said = editor.Settle();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0]["method"], "textDocument/publishDiagnostics");
  EXPECT_EQ(said[0]["params"]["version"], 1);
  EXPECT_EQ(said[0]["params"]["uri"], Editor::kUri);
  ASSERT_EQ(said[0]["params"]["diagnostics"].size(), 1u);
  const Json wrong = said[0]["params"]["diagnostics"][0];
  EXPECT_EQ(wrong["severity"], 1);
  EXPECT_EQ(wrong["source"], "reml");
  EXPECT_FALSE(wrong["code"].empty());
  EXPECT_EQ(wrong["range"]["start"]["line"], 0);
  EXPECT_TRUE(editor.Settle().empty());
  // Only the last of several versions is checked.
  for (int version = 2; version < 9; ++version) {
    editor.Change(Json::array({{{"text", "(display 1)"}}}), version);
  }
  said = editor.Settle();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0]["params"]["version"], 8);
  EXPECT_TRUE(said[0]["params"]["diagnostics"].empty());
}

TEST(Features, ClosedDocumentsHaveNoDiagnostics) {
  Editor editor{Json::object()};
  editor.Open("(car 1 2)");
  const std::vector<Json> said = editor.Tell("textDocument/didClose", Editor::Document());
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0]["method"], "textDocument/publishDiagnostics");
  EXPECT_TRUE(said[0]["params"]["diagnostics"].empty());
  EXPECT_TRUE(editor.Settle().empty());
  EXPECT_EQ(editor.Error("textDocument/hover", Editor::At(0, 1)), -32602);
  EXPECT_TRUE(editor.Tell("textDocument/didClose", Editor::Document()).empty());
}

TEST(Features, ImportsAreCheckedAgain) {
  Editor editor{Json::object()};
  editor.Open("(import \"lib.reml\")\n(display (greet))");
  EXPECT_EQ(editor.Settle().size(), 1u);
  editor.Open("(define (greet) 1)", "file:///d/lib.reml");
  EXPECT_EQ(editor.Settle().size(), 2u);
  editor.Tell("workspace/didChangeWatchedFiles", {{"changes", Json::array()}});
  EXPECT_EQ(editor.Settle().size(), 2u);
}

TEST(Features, QuickFixes) {
  Editor editor{kModern};
  editor.Open(
      "(display (string-apend \"a\" \"b\"))\n"
      "(compose-up (compose (service \"a\" '(image \"i\") '(cap-add net-admim))))");
  Json params = Editor::Document();
  params["range"] = Editor::Range(0, 12, 0, 12);
  const Json fixes = editor.Ask("textDocument/codeAction", params);
  ASSERT_EQ(fixes.size(), 1u);
  EXPECT_EQ(fixes[0]["title"], "Change to 'string-append'");
  const Json edit = fixes[0]["edit"]["documentChanges"][0]["edits"][0];
  EXPECT_EQ(edit["newText"], "string-append");
  EXPECT_EQ(Editor::Place(edit["range"]), "0:10-0:22");
  params["range"] = Editor::Range(0, 0, 0, 0);
  EXPECT_TRUE(editor.Ask("textDocument/codeAction", params).empty());
}

TEST(Features, UntitledDocuments) {
  Editor editor{Json::object()};
  editor.Open("(import \"x.reml\") (define a 1) a", "untitled:Untitled-1");
  EXPECT_EQ(Editor::Place(editor.Ask("textDocument/definition",
                                     Editor::At(0, 31, "untitled:Untitled-1"))["range"]),
            "0:26-0:27");
}

}  // namespace
}  // namespace pelagos::lsp
