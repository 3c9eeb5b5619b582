package libvirt

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/digitalocean/go-libvirt"
)

// downloadPacket is a packet of a download: its answer (type 1) or a part of its stream (type 3).
func downloadPacket(kind, status uint32, body string) []byte {
	var b []byte
	for _, word := range []uint32{uint32(headerSize + len(body)), 0x20008086, 1, procDownload, kind, 7, status} {
		b = binary.BigEndian.AppendUint32(b, word)
	}
	return append(b, body...)
}

// TestReceiver lets the content overtake the answer to the call, as libvirtd does at times.
func TestReceiver(t *testing.T) {
	t.Parallel()
	answer, other := downloadPacket(1, 0, ""), packet(1, 0, []byte("0123456789"))
	whole := [][]byte{downloadPacket(typeStream, 2, "ab"), answer, downloadPacket(typeStream, 2, "c"), other, downloadPacket(typeStream, 2, "")}
	refused := [][]byte{answer, downloadPacket(typeStream, statusFailed, string(refusalBody("gone")))}
	for name, tt := range map[string]struct {
		packets [][]byte
		content string
		passed  []byte
		told    error
	}{
		"whole":   {whole, "abc", append(bytes.Clone(answer), other...), nil},
		"refused": {refused, "", answer, libvirt.Error{Code: 38, Message: "gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				for _, p := range tt.packets {
					_, _ = server.Write(p)
				}
			}()
			var content bytes.Buffer
			var told []error
			passed, err := io.ReadAll(&receiver{Conn: client, into: &content, told: func(err error) { told = append(told, err) }})
			if err != nil || !bytes.Equal(passed, tt.passed) {
				t.Errorf("passed on %d bytes, want %d: %v", len(passed), len(tt.passed), err)
			}
			if content.String() != tt.content || len(told) != 1 || told[0] != tt.told { //nolint:errorlint // it is passed on as it is
				t.Errorf("received %q, told %v; want %q and %v", content.String(), told, tt.content, tt.told)
			}
		})
	}
}
