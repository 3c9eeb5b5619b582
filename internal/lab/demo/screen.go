package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// screen writes for people; coloured where it is a terminal.
type screen struct {
	to     io.Writer
	colour bool
}

func newScreen(f *os.File) *screen {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{to: f, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

func (s *screen) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) title(text string) {
	fmt.Fprintf(s.to, "\n%s\n", s.paint("1;36", "== "+text))
}

func (s *screen) say(format string, args ...any) {
	fmt.Fprintf(s.to, format+"\n", args...)
}

func (s *screen) command(name string, args []string) {
	fmt.Fprintf(s.to, "%s\n", s.paint("1", "$ "+name+" "+strings.Join(args, " ")))
}
