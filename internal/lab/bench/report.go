package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
)

// table is what was measured.
type table struct {
	count, domains, containers, runs int
	rows                             [][4]string
}

// add notes one figure, its goal ("" for none) and a remark.
func (t *table) add(what, value, goal, remark string) {
	t.rows = append(t.rows, [4]string{what, value, goal, remark})
}

func (t *table) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "%d machines, medians of %d runs\tmeasured\tgoal\t\n", t.count, t.runs)
	for _, r := range t.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r[0], r[1], r[2], r[3])
	}
	return w.Flush()
}

// median sorts values and returns the middle one.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// medianOf is the median of one figure of several runs.
func medianOf(runs []usage, figure func(usage) float64) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = figure(r)
	}
	return median(values)
}

func wall(u usage) float64     { return u.wall.Seconds() }
func cpu(u usage) float64      { return u.cpu.Seconds() }
func provider(u usage) float64 { return u.provider.Seconds }
func peak(u usage) float64     { return float64(u.provider.PeakBytes) }
func heap(u usage) float64     { return float64(u.provider.HeapBytes) }

func seconds(s float64) string                { return fmt.Sprintf("%.2f s", s) }
func ratio(a, b float64) string               { return fmt.Sprintf("%.1f", a/b) }
func megabytes[N int64 | float64](n N) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
func say(format string, args ...any)          { fmt.Fprintf(os.Stderr, format+" …\n", args...) }
func split(cli, provider float64) string {
	return fmt.Sprintf("CLI %.1f s, provider %.1f s of CPU", cli, provider)
}
