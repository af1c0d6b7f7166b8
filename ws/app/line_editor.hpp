// The line that is being typed at a terminal, with history, by libedit; and lines printed above it, which must not
// garble it. libedit asks for a key and waits: whoever makes an editor gives it a function that turns the event loop
// meanwhile.
//
//   < a message that came               print_above() rubs the line out, prints, and has it drawn again
//   > the line that is being ty_
//
// From its making to its destruction the terminal is libedit's while a line is read, and the user's between two lines.
#pragma once

#include <histedit.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ws::app {

// Where the cursor stands: rows below the first one of what is edited.
struct Place {
  std::size_t row = 0;
  std::size_t column = 0;
};
// Behind `text`, which begins at `from`, as libedit draws it on a screen of so many columns. REQUIRES: a UTF-8 locale.
Place place_behind(std::wstring_view text, Place from, std::size_t columns);

class LineEditor {
 public:
  // The next key, or nothing when there will be none; it may take as long as it likes.
  using NextKey = std::function<std::optional<wchar_t>()>;

  // `sign` stands before what is typed: printable ASCII, not empty; `colour` is an escape sequence for it, or empty.
  LineEditor(std::string_view sign, std::string_view colour, NextKey next_key);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // One line, without its end; nothing when the person leaves (^D) or there are no more keys.
  std::optional<std::string> read_line();

  // Prints whole lines to `fd` (standard output or error), above the line that is being typed, if there is one.
  void print_above(std::string_view lines, int fd);
  // Rubs out the line that is being typed.
  void rub_out();
  // The window has another size.
  void resize();
  // Gives the terminal back for as long as `meanwhile` takes.
  void step_aside(const std::function<void()>& meanwhile);

 private:
  static int give_key(EditLine* edit, wchar_t* key);
  static char* give_prompt(EditLine* edit);
  static LineEditor& of(EditLine* edit);

  void redraw();

  std::string prompt_;
  std::size_t sign_width_;
  NextKey next_key_;
  std::unique_ptr<History, void (*)(History*)> history_;
  std::unique_ptr<EditLine, void (*)(EditLine*)> edit_;
  bool drifted_ = false;  // libedit no longer knows where its cursor is
  bool reading_ = false;  // libedit waits for a key: a line is on the screen
};

}  // namespace ws::app
