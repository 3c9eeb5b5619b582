package cloudinit

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestHashPassword holds to what `openssl passwd -6` makes.
func TestHashPassword(t *testing.T) {
	tests := map[string]struct{ password, salt, want string }{
		"short": {"pw", "0123456789abcdef", "$6$0123456789abcdef$zAYvvEJcrKSqV2KUPTUM1K9eaGv20n9mUjWSDZW0QnwBRk0LSoTIT3PW7mCEa30acQuLwC1rnfhmbdGOSp.jX."},
		"long":  {"correct horse battery staple correct horse battery staple correct horse battery staple correct horse battery staple ", "saltstring", "$6$saltstring$5KGuXXeKE7a3iGyHoKArk1K/rrqJz88uiwW2Q4bEqTVsVM1VOgIyi836UegGhjWI98SRG/.ES6JuGCM/8B.3V."},
		"exact": {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "abc", "$6$abc$lqm/hsz9bcZkUtAtYbLwpnjmKC.15FR72lU6wIZyIc.62cqMaU1Vt98zOjFNTEe2ODzyk2BzpnkwLzH2YLN3J0"},
		"bytes": {"pässwörd", "0a1b2c3d4e5f6071", "$6$0a1b2c3d4e5f6071$j4sCmmwt9ZTp4FIlVSPxQy8KsOIsBLBzBRtfIbQNN99SYB0BzZGr0UqJDPm.0SsgaBIZrlRW2vdPOWRJSey8V/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := hashPassword(tt.password, tt.salt)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestUserDataWithLogin(t *testing.T) {
	login := &platform.Login{User: new("ops"), SSHKeys: []string{"ssh-ed25519 AAAA ops"}, Password: new("pass-word")}
	tests := map[string]struct{ data, kind string }{
		"cloud-config": {"#cloud-config\npackages: [nginx]\n", "text/cloud-config"},
		"script":       {"#!/bin/sh\necho hello\n\n--\n", "text/x-shellscript"},
		"none":         {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := &platform.Machine{Login: login}
			if tt.data != "" {
				m.UserData = &tt.data
			}
			got, err := UserData(m, "id", "")
			must(t, err)
			if strings.Contains(got, "pass-word") {
				t.Error("it holds the password")
			}
			if diff := cmp.Diff(tt.data, OwnData(got)); diff != "" {
				t.Errorf("the user's part: %s", diff)
			}
			kinds, first := partsOf(t, got)
			want := []string{"text/cloud-config"}
			if tt.kind != "" {
				want = append(want, tt.kind)
			}
			if diff := cmp.Diff(want, kinds); diff != "" {
				t.Errorf("parts: %s", diff)
			}
			if !strings.Contains(first, "ssh-ed25519 AAAA ops") || !strings.Contains(first, hashIn(got)) || !strings.HasPrefix(hashIn(got), "$6$") {
				t.Errorf("login %s, hash %s", first, hashIn(got))
			}
		})
	}
}

// partsOf reads the message as a MIME reader does: the types of the parts and the text of the first.
func partsOf(t *testing.T, text string) (kinds []string, first string) {
	t.Helper()
	message, err := mail.ReadMessage(strings.NewReader(text))
	must(t, err)
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	must(t, err)
	for r := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return kinds, first
		}
		must(t, err)
		body, err := io.ReadAll(part)
		must(t, err)
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		must(t, err)
		if kinds = append(kinds, kind); len(kinds) == 1 {
			first = string(body)
		}
	}
}

func TestPasswordOutlivesItsRendering(t *testing.T) {
	given := &platform.Machine{Login: &platform.Login{User: new("ops"), PasswordWO: new("pw"), PasswordWOVersion: new(int64(1))}}
	told, err := UserData(given, "id", "")
	must(t, err)
	later := &platform.Machine{Login: &platform.Login{User: new("ops"), SSHKeys: []string{"k"}, PasswordWOVersion: new(int64(1))}}
	again, err := UserData(later, "id", told)
	must(t, err)
	if hashIn(again) == "" || hashIn(again) != hashIn(told) {
		t.Errorf("hash %q became %q", hashIn(told), hashIn(again))
	}
}

// must stops at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
