package main

import (
	"strings"
	"testing"
)

// TestReport feeds streams as "go test -json" writes them.
func TestReport(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []string // each has to be printed
		ok   bool
	}{
		"passes": {
			in: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"hidden\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":1.25}`,
			want: []string{"1.2s  p  1 tests", "1 packages: 1 tests passed, 0 failed, 0 skipped"},
			ok:   true,
		},
		"a skipped test names its reason": {
			in: `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: no libvirtd here\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}`,
			want: []string{"SKIP    p TestB: b_test.go:7: no libvirtd here", "1 skipped"},
			ok:   true,
		},
		"a failed test prints what it wrote": {
			in: `{"Action":"output","Package":"p","Test":"TestA","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`,
			want: []string{"FAIL    p TestA\ngot 1, want 2", "FAILED  p TestA: got 1, want 2\nFAILED  p\n"},
		},
		"a package that does not build": {
			in: `{"ImportPath":"p [p.test]","Action":"build-output","Output":"./a.go:3: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
			want: []string{"./a.go:3: undefined: x", "FAILED  p"},
		},
		"a panic leaves a test unfinished": {
			in: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}`,
			want: []string{"UNFINISHED p TestA\npanic: boom", "FAILED  p TestA: never ended\nFAILED  p\n"},
		},
		"nothing ran": {in: "", want: []string{"0 packages"}},
		"what is not JSON passes through": {
			in:   "go: downloading x\n" + `{"Action":"pass","Package":"p","Test":"T"}`,
			want: []string{"go: downloading x"},
			ok:   true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r := report{out: &out, text: map[key][]string{}, counts: map[string]counts{}}
			if err := r.read(strings.NewReader(tc.in)); err != nil {
				t.Fatal(err)
			}
			if ok := r.sum(); ok != tc.ok {
				t.Errorf("ok = %v, want %v", ok, tc.ok)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, &out)
				}
			}
		})
	}
}
