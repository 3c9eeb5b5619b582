package docker

import (
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// shownLines is how many lines of a build are told when it fails.
const shownLines = 20

// buildLines keeps the end of what a builder says.
type buildLines struct{ lines []string }

// add takes text of one or more lines.
func (l *buildLines) add(text string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n\t "); line != "" {
			l.lines = append(l.lines, line)
		}
	}
	l.lines = l.lines[max(0, len(l.lines)-shownLines):]
}

// Fields of BuildKit's moby.buildkit.v1.StatusResponse, its Vertex and its VertexLog: the steps of a build and what they
// print. https://github.com/moby/buildkit/blob/master/api/services/control/control.proto.
const (
	fieldVertexes    = 1
	fieldLogs        = 3
	fieldVertexName  = 3
	fieldVertexStart = 5
	fieldVertexEnd   = 6
	fieldLogText     = 4
)

// trace takes a message of BuildKit: base64 of its wire format, in a JSON string. What it does not know it passes over.
func (l *buildLines) trace(aux json.RawMessage) {
	var wire []byte
	if json.Unmarshal(aux, &wire) != nil {
		return
	}
	eachField(wire, func(field protowire.Number, value []byte) {
		switch int(field) {
		case fieldVertexes:
			l.step(value)
		case fieldLogs:
			eachField(value, func(field protowire.Number, text []byte) {
				if field == fieldLogText {
					l.add(string(text))
				}
			})
		}
	})
}

// step tells of a step when it begins. Why it failed is in the answer itself.
func (l *buildLines) step(vertex []byte) {
	var name string
	var started, ended bool
	eachField(vertex, func(field protowire.Number, value []byte) {
		switch int(field) {
		case fieldVertexName:
			name = string(value)
		case fieldVertexStart:
			started = true
		case fieldVertexEnd:
			ended = true
		}
	})
	if started && !ended {
		l.add(name)
	}
}

// eachField visits the fields of a message that hold bytes: text, and messages within.
func eachField(wire []byte, visit func(field protowire.Number, value []byte)) {
	for len(wire) > 0 {
		field, kind, n := protowire.ConsumeTag(wire)
		if n < 0 {
			return
		}
		wire = wire[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(field, kind, wire); n < 0 {
				return
			}
			wire = wire[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(wire)
		if n < 0 {
			return
		}
		visit(field, value)
		wire = wire[n:]
	}
}
