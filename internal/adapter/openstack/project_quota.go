package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// quotaVersion is the newest microversion of nova whose quotas are nova's own.
const quotaVersion = "2.57"

// quotaService guesses which service keeps a quota: the services' words do not overlap. What nobody knows is asked of the
// network service, which has the most.
func quotaService(name string) service {
	if slices.Contains([]string{
		"cores", "ram", "instances", "key_pairs", "metadata_items", "server_groups", "server_group_members", "injected_files",
		"injected_file_content_bytes", "injected_file_path_bytes",
	}, name) {
		return serviceCompute
	}
	for _, word := range []string{"volumes", "gigabytes", "snapshots", "backups", "backup_gigabytes", "per_volume_gigabytes", "groups"} {
		if name == word || strings.HasPrefix(name, word+"_") { // volumes_fast: of one volume type
			return serviceVolume
		}
	}
	return serviceNetwork
}

// byService sorts the names of quotas by who keeps them.
func byService(names []string) map[service][]string {
	out := map[service][]string{}
	for _, name := range names {
		v := quotaService(name)
		out[v] = append(out[v], name)
	}
	return out
}

// desk is where one service keeps quotas.
type desk struct {
	client         *gophercloud.ServiceClient
	path, defaults string // of a project
	key            string // around the numbers
}

func (p *projects) desk(ctx context.Context, v service, id string) (*desk, error) {
	c, err := p.client(v)
	if v == serviceCompute {
		c, err = p.upTo(ctx, v, quotaVersion)
	}
	if err != nil {
		return nil, err
	}
	if v == serviceNetwork {
		return &desk{c, "quotas/" + id, "quotas/" + id + "/default", "quota"}, nil
	}
	return &desk{c, "os-quota-sets/" + id, "os-quota-sets/" + id + "/defaults", "quota_set"}, nil
}

// read asks for all numbers of one service.
func (d *desk) read(ctx context.Context, path string) (map[string]int64, error) {
	body := map[string]map[string]json.RawMessage{}
	err := get(ctx, d.client, path, nil, &body)
	if statusOf(err) == http.StatusBadRequest && strings.Contains(failed("", "", err).Error(), "not a valid project") {
		err = platform.As(platform.ErrNotFound, err) // nova's word for a project that has gone meanwhile
	}
	if err != nil {
		return nil, err
	}
	found := map[string]int64{}
	for name, raw := range body[d.key] {
		var n int64
		if json.Unmarshal(raw, &n) == nil {
			found[name] = n
		}
	}
	return found, nil
}

// quotas reads the quotas of these names. One that no service knows any more is left out.
func (p *projects) quotas(ctx context.Context, id string, names []string) (map[string]string, error) {
	out := map[string]string{}
	for v, list := range byService(names) {
		d, err := p.desk(ctx, v, id)
		if err != nil {
			return nil, err
		}
		found, err := d.read(ctx, d.path)
		if err != nil {
			return nil, failed("read the quotas of the service", string(v), err)
		}
		for _, name := range list {
			if n, known := found[name]; known {
				out[name] = strconv.FormatInt(n, 10)
			}
		}
	}
	return out, nil
}

// ownQuotas reads the quotas of a project that differ from what every project has. Services that do not tell are passed
// over. It is nil where there are none.
func (p *projects) ownQuotas(ctx context.Context, id string) (map[string]string, error) {
	own := map[string]string{}
	for _, v := range []service{serviceCompute, serviceVolume, serviceNetwork} {
		d, err := p.desk(ctx, v, id)
		if errors.Is(err, platform.ErrUnsupported) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := d.read(ctx, d.path)
		var defaults map[string]int64
		if err == nil {
			defaults, err = d.read(ctx, d.defaults)
		}
		if err = failed("read the quotas of the service", string(v), err); errors.Is(err, platform.ErrUnauthorised) || errors.Is(err, platform.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for name, n := range found {
			if none, known := defaults[name]; known && none != n && quotaService(name) == v {
				own[name] = strconv.FormatInt(n, 10)
			}
		}
	}
	if len(own) == 0 {
		return nil, nil //nolint:nilnil // none of its own: nothing to manage
	}
	return own, nil
}

// setQuotas makes the quotas so. Those that were managed and are not any more go back to the service's default. Names
// that no service knows are refused before anything is set.
func (p *projects) setQuotas(ctx context.Context, id string, prior, want map[string]string) error {
	names := slices.Sorted(maps.Keys(want))
	for name := range prior {
		if _, stays := want[name]; !stays {
			names = append(names, name)
		}
	}
	sets := map[*desk]map[string]any{}
	for v, list := range byService(names) {
		d, err := p.desk(ctx, v, id)
		if err != nil {
			return platform.At(err, "quotas", list[0])
		}
		set, err := p.quotaChange(ctx, d, id, list, want)
		if err != nil {
			return err
		}
		if len(set) > 0 {
			sets[d] = set
		}
	}
	for d, set := range sets {
		if err := put(ctx, d.client, d.path, wrapped(d.key, set), nil); err != nil {
			return platform.At(failed("set "+strings.Join(slices.Sorted(maps.Keys(set)), ", ")+" of the project", id, err), "quotas")
		}
	}
	return nil
}

// quotaChange lists what one service has to change.
func (p *projects) quotaChange(ctx context.Context, d *desk, id string, names []string, want map[string]string) (map[string]any, error) {
	found, err := d.read(ctx, d.path)
	if err != nil {
		return nil, failed("read the quotas of the service", string(quotaService(names[0])), err)
	}
	set := map[string]any{}
	var defaults map[string]int64
	for _, name := range names {
		is, known := found[name]
		text, wanted := want[name]
		switch {
		case !known && wanted:
			return nil, platform.At(p.unknownQuota(ctx, id, name), "quotas", name)
		case !known:
		case wanted:
			if n, err := strconv.ParseInt(text, 10, 64); err != nil {
				return nil, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no whole number", text)), "quotas", name)
			} else if n != is {
				set[name] = n
			}
		default:
			if defaults == nil {
				if defaults, err = d.read(ctx, d.defaults); err != nil {
					return nil, failed("read the default quotas of the service", string(quotaService(name)), err)
				}
			}
			if n, told := defaults[name]; told && n != is {
				set[name] = n
			}
		}
	}
	return set, nil
}

// unknownQuota lists the names there are.
func (p *projects) unknownQuota(ctx context.Context, id, name string) error {
	var known []string
	for _, v := range []service{serviceCompute, serviceVolume, serviceNetwork} {
		d, err := p.desk(ctx, v, id)
		if err != nil {
			continue
		}
		if found, err := d.read(ctx, d.path); err == nil {
			known = append(known, slices.Sorted(maps.Keys(found))...)
		}
	}
	return platform.As(platform.ErrInvalid, fmt.Errorf("no service of the cloud has a quota %q; there are %s", name, strings.Join(known, ", ")))
}

// checkQuotas refuses what is no number.
func checkQuotas(p *platform.Plan[platform.Project]) error {
	var errs []error
	for _, name := range platform.Keys(p.Want.Quotas) {
		if !p.Known("quotas", name) {
			continue
		}
		if n, err := strconv.ParseInt(p.Want.Quotas[name], 10, 64); err != nil || n < -1 {
			errs = append(errs, platform.At(platform.As(platform.ErrInvalid, errors.New("a quota is a whole number, or -1 for none")), "quotas", name))
		}
	}
	return errors.Join(errs...)
}
