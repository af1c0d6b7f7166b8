// libedit hides where it has drawn the cursor, so that is found out again by its own rules (place_behind).
#include "ws/app/line_editor.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <cwctype>
#include <stdexcept>
#include <utility>

#include "reactor/blocking_write.hpp"

namespace ws::app {

namespace {

constexpr int kRemembered = 1000;  // lines of history
constexpr char kEscapeMark = '\1';

winsize window() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size.ws_col = 80;
  if (size.ws_row == 0) size.ws_row = 24;
  return size;
}

void put(std::string_view text, int fd) {
  // A terminal that is gone is told by its input.
  static_cast<void>(reactor::write_blocking(fd, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
}

// Columns of a character as libedit shows it: ^A, \U+e000, or itself. A combining one has none.
std::size_t shown_width(wchar_t letter) {
  if (std::iswcntrl(static_cast<wint_t>(letter)) != 0) return 2;
  if (std::iswprint(static_cast<wint_t>(letter)) == 0) return letter > 0xFFFF ? 8 : 7;
  return static_cast<std::size_t>(std::max(::wcwidth(letter), 0));
}

}  // namespace

Place place_behind(std::wstring_view text, Place from, std::size_t columns) {
  Place place = from;
  const auto advance = [&](std::size_t width) {
    if (place.column + width > columns) place = {.row = place.row + 1, .column = 0};
    place.column += width;
    if (place.column >= columns) place = {.row = place.row + 1, .column = 0};
  };
  for (const wchar_t letter : text) {
    if (letter == L'\n') {
      place = {.row = place.row + 1, .column = 0};
    } else if (letter == L'\t') {
      do advance(1);
      while (place.column % 8 != 0);
    } else if (std::iswprint(static_cast<wint_t>(letter)) != 0) {
      advance(shown_width(letter));
    } else {
      for (std::size_t each = shown_width(letter); each > 0; --each) advance(1);
    }
  }
  return place;
}

LineEditor::LineEditor(std::string_view sign, std::string_view colour, NextKey next_key)
    : sign_width_(sign.size()),
      next_key_(std::move(next_key)),
      history_(::history_init(), ::history_end),
      edit_(nullptr, ::el_end) {
  // What WebSockets call text is UTF-8, and so is every terminal of today, whatever the environment says.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  if (colour.empty()) {
    prompt_ = sign;
  } else {
    const auto escape = [](std::string_view sequence) { return kEscapeMark + std::string(sequence) + kEscapeMark; };
    // libedit shows a sequence together with the character behind it, so one must be left for the last sequence.
    prompt_ = escape(colour) + std::string(sign.substr(0, sign.size() - 1)) + escape("\x1b[0m") + sign.back();
  }
  edit_.reset(::el_init("ws101", stdin, stdout, stderr));
  if (edit_ == nullptr || history_ == nullptr) throw std::runtime_error("cannot prepare the terminal for a prompt");
  EditLine* edit = edit_.get();
  HistEvent event;
  ::history(history_.get(), &event, H_SETSIZE, kRemembered);
  ::history(history_.get(), &event, H_SETUNIQUE, 1);
  ::el_set(edit, EL_CLIENTDATA, this);
  ::el_set(edit, EL_PROMPT_ESC, &LineEditor::give_prompt, kEscapeMark);
  ::el_set(edit, EL_HIST, &::history, history_.get());
  ::el_set(edit, EL_SIGNAL, 0);
  ::el_set(edit, EL_EDITOR, "emacs");
  ::el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  ::el_source(edit, nullptr);  // a person's own ~/.editrc
  ::el_set(edit, EL_GETCFN, &LineEditor::give_key);
}

LineEditor::~LineEditor() = default;

LineEditor& LineEditor::of(EditLine* edit) {
  void* self = nullptr;
  ::el_get(edit, EL_CLIENTDATA, &self);
  return *static_cast<LineEditor*>(self);
}

char* LineEditor::give_prompt(EditLine* edit) { return of(edit).prompt_.data(); }

int LineEditor::give_key(EditLine* edit, wchar_t* key) {
  LineEditor& self = of(edit);
  std::fflush(stdout);
  self.reading_ = true;
  if (std::exchange(self.drifted_, false)) {
    self.rub_out();
    self.redraw();
  }
  const std::optional<wchar_t> next = self.next_key_();
  self.reading_ = false;
  if (!next) return 0;
  *key = *next;
  // libedit counts a column for a combining character that it appends, and none when it draws the whole line.
  self.drifted_ = *next != 0 && ::wcwidth(*next) == 0;
  return 1;
}

std::optional<std::string> LineEditor::read_line() {
  int size = 0;
  const char* line = ::el_gets(edit_.get(), &size);
  if (line == nullptr || size <= 0) {
    put("\r\x1b[J", STDOUT_FILENO);  // the sign without a line behind it
    return std::nullopt;
  }
  std::string text(line, static_cast<std::size_t>(size));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  HistEvent event;
  if (!text.empty()) ::history(history_.get(), &event, H_ENTER, text.c_str());
  return text;
}

void LineEditor::print_above(std::string_view lines, int fd) {
  if (!reading_ || ::isatty(fd) != 1) return put(lines, fd);
  rub_out();
  put(lines, fd);
  redraw();
}

void LineEditor::rub_out() {
  const LineInfoW* line = ::el_wline(edit_.get());
  const winsize size = window();
  const std::wstring_view before(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer));
  const Place cursor = place_behind(before, {.row = 0, .column = sign_width_}, size.ws_col);
  // A line longer than the window has rows is drawn as its last rows.
  const std::size_t up = std::min<std::size_t>(cursor.row, size.ws_row - 1U);
  put("\r" + (up > 0 ? "\x1b[" + std::to_string(up) + "A" : "") + "\x1b[J", STDOUT_FILENO);
}

void LineEditor::redraw() {
  ::el_set(edit_.get(), EL_REFRESH);
  std::fflush(stdout);
}

void LineEditor::resize() {
  if (!reading_) return ::el_resize(edit_.get());
  rub_out();
  ::el_resize(edit_.get());
  redraw();
}

void LineEditor::step_aside(const std::function<void()>& meanwhile) {
  const bool reading = reading_;
  if (reading) rub_out();
  ::el_set(edit_.get(), EL_PREP_TERM, 0);
  meanwhile();
  if (!reading) return;
  ::el_set(edit_.get(), EL_PREP_TERM, 1);
  redraw();
}

}  // namespace ws::app
