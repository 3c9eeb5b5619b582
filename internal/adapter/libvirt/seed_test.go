package libvirt

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kdomanski/iso9660"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const seedUUID = "0b7e8a34-4f6e-4a55-9b0c-0d3f4f1c2a11"

func TestNewSeed(t *testing.T) {
	fixed := map[string]platform.NIC{"eth0": {Addresses: []string{"10.0.0.5/24"}, Gateway: new("10.0.0.1")}}
	ignition := new(`{"ignition":{"version":"3.4.0"}}`)
	tests := map[string]struct {
		want platform.Machine
		seed seed
	}{
		"nothing": {},
		"DHCP":    {want: platform.Machine{NICs: map[string]platform.NIC{"eth0": {}}}},
		"data": {
			want: platform.Machine{UserData: new("#!/bin/sh\n"), Hostname: new("web"), Metadata: map[string]string{"role": "a \"b\"\n"}},
			seed: seed{UserData: "#!/bin/sh\n", MetaData: "instance-id: \"" + seedUUID + "\"\nlocal-hostname: \"web\"\nrole: \"a \\\"b\\\"\\n\"\n"},
		},
		"addresses": {
			want: platform.Machine{NICs: fixed},
			seed: seed{
				MetaData: "instance-id: \"" + seedUUID + "\"\n",
				NetworkConfig: "# made from the addresses of the machine's adapters\n" + `{"ethernets":{"eth0":{"addresses":["10.0.0.5/24"],"dhcp4":false,` +
					`"match":{"macaddress":"52:54:00:aa:00:01"},"routes":[{"to":"0.0.0.0/0","via":"10.0.0.1"}]}},"version":2}` + "\n",
			},
		},
		"network data": {
			want: platform.Machine{NICs: fixed, NetworkData: new("version: 2\n")},
			seed: seed{MetaData: "instance-id: \"" + seedUUID + "\"\n", NetworkConfig: "version: 2\n"},
		},
		"Ignition": {want: platform.Machine{UserData: ignition}},
		"Ignition with a host name": {
			want: platform.Machine{UserData: ignition, Hostname: new("web")},
			seed: seed{MetaData: "instance-id: \"" + seedUUID + "\"\nlocal-hostname: \"web\"\n"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := newSeed(&tt.want, seedUUID, map[string]string{"eth0": "52:54:00:AA:00:01"}, seed{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.seed, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSeedKeepsThePassword changes a machine whose write-only password is not given again.
func TestSeedKeepsThePassword(t *testing.T) {
	login := &platform.Login{User: new("ops"), PasswordWO: new("pass-word"), PasswordWOVersion: new(int64(1))}
	first, err := newSeed(&platform.Machine{Login: login}, seedUUID, nil, seed{})
	if err != nil {
		t.Fatal(err)
	}
	image := imageOf(t, first)
	if !strings.Contains(first.UserData, "$6$") || bytes.Contains(image, []byte("pass-word")) {
		t.Errorf("user data %s", first.UserData)
	}
	earlier, err := readSeed(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	again, err := newSeed(&platform.Machine{Login: &platform.Login{User: new("ops"), PasswordWOVersion: new(int64(1))}}, seedUUID, nil, earlier)
	if err != nil || again != first {
		t.Errorf("it became %v, %v", again, err)
	}
}

// imageOf is the image of a seed that is not too long.
func imageOf(t *testing.T, s seed) []byte {
	t.Helper()
	image, err := s.image()
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// someSeeds are seeds whose files begin and end at a sector's edge and elsewhere.
func someSeeds() map[string]seed {
	return map[string]seed{
		"three files":   {UserData: "#cloud-config\n", MetaData: "instance-id: \"a\"\n", NetworkConfig: "version: 2\n"},
		"empty data":    {MetaData: "instance-id: \"a\"\n"},
		"whole sectors": {UserData: strings.Repeat("x", 2*isoSector), MetaData: strings.Repeat("y", isoSector)},
		"one too many":  {UserData: strings.Repeat("x", isoSector+1), MetaData: "m", NetworkConfig: strings.Repeat("ü", 100_000)},
	}
}

func TestSeedImage(t *testing.T) {
	hashes := map[string]string{}
	for name, s := range someSeeds() {
		t.Run(name, func(t *testing.T) {
			image := imageOf(t, s)
			got, err := readSeed(bytes.NewReader(image))
			if err != nil || got != s {
				t.Errorf("got %v, %v", got, err)
			}
			if !bytes.Equal(image, imageOf(t, s)) {
				t.Error("the same seed made another image")
			}
			if diff := cmp.Diff(s.files(), filesOf(t, image)); diff != "" {
				t.Errorf("another reader's: %s", diff)
			}
			hash := seedHash(image)
			if other, taken := hashes[hash]; taken || len(hash) != 64 {
				t.Errorf("hash %s, which is %q's, too", hash, other)
			}
			hashes[hash] = name
		})
	}
}

// TestSeedImageStaysTheSame: another image for the same seed would replace the volume of every machine.
func TestSeedImageStaysTheSame(t *testing.T) {
	const want = "3d885359222ce2d278156744a1c85ebd3745fcb3f201dc0c52649d017e67c6cb"
	if got := seedHash(imageOf(t, someSeeds()["three files"])); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// filesOf reads an image of ours by a library's reader.
func filesOf(t *testing.T, image []byte) map[string]string {
	t.Helper()
	disk, err := iso9660.OpenImage(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	if label, err := disk.Label(); err != nil || label != "cidata" {
		t.Errorf("label %q, %v", label, err)
	}
	root, err := disk.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	children, err := root.GetChildren()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range children {
		text, err := io.ReadAll(f.Reader())
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = string(text)
	}
	return files
}

func TestSeedTooLong(t *testing.T) {
	const most = seedLimit - (isoFiles+3)*isoSector
	long := strings.Repeat("x", most-1)
	tests := map[string]seed{
		"user_data": {UserData: long, MetaData: "mm"}, "metadata": {MetaData: long, NetworkConfig: "nn"},
		"network_data": {NetworkConfig: long, UserData: "u", MetaData: "m"},
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := s.image()
			if !errors.Is(err, platform.ErrInvalid) {
				t.Errorf("got %v", err)
			}
			var at *platform.AttrError
			if !errors.As(err, &at) || at.Path[0] != name {
				t.Errorf("it blames %v", at)
			}
		})
	}
	if image := imageOf(t, seed{UserData: long, MetaData: "m"}); len(image) > seedLimit {
		t.Errorf("%d bytes", len(image))
	}
}

func TestReadNoSeed(t *testing.T) {
	image := imageOf(t, seed{UserData: "u", MetaData: "m"})
	other, large, short := bytes.Clone(image), bytes.Clone(image), image[:len(image)-isoSector]
	copy(other[isoFirst*isoSector+40:], "DEBIAN")
	large[isoRoots*isoSector+34+34+13] = 0x7f // the first file claims 2 GiB
	tests := map[string]struct {
		image []byte
		class error
	}{
		"nothing":       {nil, errNoSeed},
		"a raw disk":    {make([]byte, 1<<20), errNoSeed},
		"another label": {other, errNoSeed},
		"no files":      {imageOf(t, seed{}), errNoSeed},
		"cut":           {short, io.ErrUnexpectedEOF},
		"too large":     {large, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readSeed(bytes.NewReader(tt.image))
			if err == nil || (tt.class != nil && !errors.Is(err, tt.class)) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
