// Command tally makes the report of "go test -json" short enough to read: one
// line a package, the whole output of what failed, every skipped test with its
// reason, and the sum at the end. It exits with 1 when anything failed.
//
//	go test -json ./... | go run -C internal/tool ./tally
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of "go test -json"; see "go doc test2json".
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build's output, where Package is empty
	Test        string // empty: the package itself
	Output      string
	Elapsed     float64 // seconds
	FailedBuild string  // the ImportPath of the build that a package failed by
}

// key identifies one test, or a package where Test is empty.
type key struct{ pkg, test string }

// report is what was seen so far.
type report struct {
	out     io.Writer
	text    map[key][]string  // output of what is still running, or of a build
	counts  map[string]counts // per package
	skipped []string
	broken  []string // tests that failed, with the first thing they said
	failed  []string // packages
}

// counts are the tests of one package by result, subtests included.
type counts struct{ pass, fail, skip int }

func main() {
	r := report{out: os.Stdout, text: map[key][]string{}, counts: map[string]counts{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	if !r.sum() {
		os.Exit(1)
	}
}

// read takes every event; a line that is none is passed through.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20) // a test may print a long line
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintln(r.out, lines.Text())
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

// take records one event and prints what it ends.
func (r *report) take(e event) {
	at := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		r.text[key{pkg: e.ImportPath}] = append(r.text[key{pkg: e.ImportPath}], e.Output)
	case "output":
		r.text[at] = append(r.text[at], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e)
		}
		delete(r.text, at)
	}
}

// endTest counts one test; a failed one prints what it wrote, a skipped one is
// kept for the end.
func (r *report) endTest(e event) {
	c := r.counts[e.Package]
	text := strings.Join(r.text[key{e.Package, e.Test}], "")
	switch e.Action {
	case "pass":
		c.pass++
	case "fail":
		c.fail++
		fmt.Fprintf(r.out, "FAIL    %s %s\n%s", e.Package, e.Test, text)
		r.broken = append(r.broken, fmt.Sprintf("%s %s: %s", e.Package, e.Test, said(text, "nothing of its own")))
	case "skip":
		c.skip++
		r.skipped = append(r.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, said(text, "no reason given")))
	}
	r.counts[e.Package] = c
}

// endPackage prints the package's line. A package may fail without a test that
// does: it does not build, panics, or runs out of time.
func (r *report) endPackage(e event) {
	c := r.counts[e.Package]
	switch {
	case e.Action == "fail":
		r.failed = append(r.failed, e.Package)
		fmt.Fprint(r.out, strings.Join(r.text[key{pkg: e.FailedBuild}], ""))
		r.unfinished(e.Package)
		fmt.Fprint(r.out, strings.Join(r.text[key{pkg: e.Package}], ""))
		fmt.Fprintf(r.out, "FAIL    %s\n", e.Package)
	case c == counts{}:
		return // no tests: nothing worth a line
	default:
		fmt.Fprintf(r.out, "ok %7.1fs  %s  %d tests\n", e.Elapsed, e.Package, c.pass)
	}
}

// unfinished prints what the tests of a package wrote that never ended.
func (r *report) unfinished(pkg string) {
	for at, text := range r.text {
		if at.pkg == pkg && at.test != "" {
			r.broken = append(r.broken, fmt.Sprintf("%s %s: never ended", at.pkg, at.test))
			fmt.Fprintf(r.out, "UNFINISHED %s %s\n%s", at.pkg, at.test, strings.Join(text, ""))
		}
	}
}

// sum prints what was skipped and the totals; false means that something failed
// or that nothing ran.
func (r *report) sum() bool {
	var all counts
	for _, c := range r.counts {
		all = counts{all.pass + c.pass, all.fail + c.fail, all.skip + c.skip}
	}
	slices.Sort(r.skipped)
	for _, s := range r.skipped {
		fmt.Fprintln(r.out, "SKIP   ", s)
	}
	slices.Sort(r.broken)
	for _, b := range r.broken { // once more, for who sees only the end
		fmt.Fprintln(r.out, "FAILED ", b)
	}
	for _, p := range r.failed {
		fmt.Fprintln(r.out, "FAILED ", p)
	}
	fmt.Fprintf(r.out, "%d packages: %d tests passed, %d failed, %d skipped\n",
		len(r.counts), all.pass, all.fail, all.skip)
	return len(r.failed) == 0 && all.fail == 0 && all.pass+all.skip > 0
}

// said is the first line that a test wrote, such as that of t.Skip, which
// starts with the file and line it was called from.
func said(text, nothing string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			return line
		}
	}
	return nothing
}
