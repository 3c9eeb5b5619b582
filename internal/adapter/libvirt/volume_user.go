package libvirt

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// independent fails when other volumes hold only what differs from this one: without it they are lost.
func (s *session) independent(ctx context.Context, file string) error {
	all, err := s.volumes(ctx)
	if err != nil {
		return err
	}
	var clones []string
	for _, v := range all {
		if v.backing == file {
			clones = append(clones, v.place())
		}
	}
	if len(clones) == 0 {
		return nil
	}
	slices.Sort(clones)
	return platform.As(platform.ErrConflict, fmt.Errorf("other volumes hold only what differs from it: %s", strings.Join(clones, ", ")))
}

// notInUse fails when a machine has the volume, as a disk or in a drive.
func (s *session) notInUse(ctx context.Context, file string) error {
	users, err := s.usersOf(ctx, file)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, u := range users {
		names[u.doc.Name] = true
	}
	if err := s.readers(ctx, file, names); err != nil {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	return platform.As(platform.ErrConflict, fmt.Errorf("it is in use by %s", strings.Join(slices.Sorted(maps.Keys(names)), ", ")))
}

// readers adds the machines that have the volume in a drive.
func (s *session) readers(ctx context.Context, file string, names map[string]bool) error {
	domains, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.Domain, error) {
		domains, _, err := l.ConnectListAllDomains(1, 0)
		return domains, err
	})
	if err != nil {
		return err
	}
	reads, errs := make([]bool, len(domains)), make([]error, len(domains))
	each(len(domains), func(i int) {
		document, err := s.document(ctx, domains[i], 0)
		errs[i] = err
		for _, drive := range drivesOf(document) {
			reads[i] = reads[i] || sourceOf(drive.Source) == file
		}
	})
	for i, d := range domains {
		if errs[i] != nil && !is(errs[i], libvirt.ErrNoDomain) {
			return failed("read the machine", d.Name, errs[i])
		}
		if reads[i] {
			names[d.Name] = true
		}
	}
	return nil
}
