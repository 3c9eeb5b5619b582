package openstack

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// machines are servers. Their stable id is the server's UUID.
type machines struct {
	*session
	watch       *poller[*server]
	volumeWatch *poller[*cinderVolume]
	sizes       flavors
	subnetsSeen subnets
	groups      map[string]string // default security group by project; guarded by subnetsSeen
}

var (
	_ platform.Resource[platform.Machine] = (*machines)(nil)
	_ platform.Lister[platform.Machine]   = (*machines)(nil)
	_ platform.Finder[platform.Machine]   = (*machines)(nil)
	_ platform.Planner[platform.Machine]  = (*machines)(nil)
)

func newMachines(s *session) *machines {
	m := &machines{session: s}
	m.watch = &poller[*server]{
		life: s.life,
		one:  m.server,
		many: func(ctx context.Context) (map[string]*server, error) {
			list, err := m.servers(ctx, nil)
			byID := map[string]*server{}
			for _, sv := range list {
				byID[sv.ID] = sv
			}
			return byID, err
		},
	}
	m.volumeWatch = &poller[*cinderVolume]{
		life: s.life,
		one:  m.cinderVolume,
		many: func(ctx context.Context) (map[string]*cinderVolume, error) {
			list, err := m.cinderVolumes(ctx, nil)
			byID := map[string]*cinderVolume{}
			for _, v := range list {
				byID[v.ID] = v
			}
			return byID, err
		},
	}
	return m
}

// computeVersion is the newest microversion whose fields are understood here. 2.79 is that of Train; 2.90 tells the host
// name to users, too.
const computeVersion = "2.90"

// oldestCompute is the microversion that everything here takes for granted.
const oldestCompute = "2.79"

// compute gives the client for servers.
func (m *machines) compute(ctx context.Context) (*gophercloud.ServiceClient, error) {
	c, err := m.upTo(ctx, serviceCompute, computeVersion)
	if err != nil || speaks(c, oldestCompute) {
		return c, err
	}
	return m.atLeast(ctx, serviceCompute, oldestCompute, "servers")
}

// server is a server as nova tells it.
type server struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description *string           `json:"description"`
	Status      string            `json:"status"`
	Metadata    map[string]string `json:"metadata"`
	Tags        []string          `json:"tags"`
	Image       json.RawMessage   `json:"image"` // {"id"}, or "" of a server that boots from a volume
	KeyName     string            `json:"key_name"`
	ConfigDrive string            `json:"config_drive"`
	Locked      bool              `json:"locked"`
	HostID      string            `json:"hostId"`
	Hostname    string            `json:"OS-EXT-SRV-ATTR:hostname"`
	Host        string            `json:"OS-EXT-SRV-ATTR:host"`
	Zone        string            `json:"OS-EXT-AZ:availability_zone"`
	Task        *string           `json:"OS-EXT-STS:task_state"`
	State       string            `json:"OS-EXT-STS:vm_state"`
	Power       int               `json:"OS-EXT-STS:power_state"`
	LaunchedAt  string            `json:"OS-SRV-USG:launched_at"`
	Flavor      serverFlavor      `json:"flavor"`
	Volumes     []serverVolume    `json:"os-extended-volumes:volumes_attached"`
	Groups      []string          `json:"server_groups"` // since 2.71; one at most
	Fault       *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"fault"`
}

// serverFlavor is the size that a server was made with: it may be gone from the list.
type serverFlavor struct {
	Name   string `json:"original_name"`
	CPUs   int64  `json:"vcpus"`
	Memory int64  `json:"ram"`  // MiB
	Disk   int64  `json:"disk"` // GiB
}

type serverVolume struct {
	ID     string `json:"id"`
	Delete bool   `json:"delete_on_termination"`
}

// image is the id of the image, or "".
func (sv *server) image() string {
	var ref struct{ ID string }
	_ = json.Unmarshal(sv.Image, &ref) // a string where there is none
	return ref.ID
}

// attached reports whether a volume is.
func (sv *server) attached(volume string) bool {
	for _, v := range sv.Volumes {
		if strings.EqualFold(v.ID, volume) {
			return true
		}
	}
	return false
}

// unfinished reports our mark of a creation that has not ended.
func (sv *server) unfinished() bool { return hasMark(sv.Tags, markUnfinished) }

func hasMark(tags []string, mark string) bool {
	return slices.Contains(tags, mark)
}

// server reads one.
func (m *machines) server(ctx context.Context, id string) (*server, error) {
	c, err := m.compute(ctx)
	if err != nil {
		return nil, err
	}
	var body struct{ Server *server }
	if err := get(ctx, c, "servers/"+url.PathEscape(id), nil, &body); err != nil {
		return nil, err
	}
	return body.Server, nil
}

// servers lists those of the project in detail.
func (m *machines) servers(ctx context.Context, query url.Values) ([]*server, error) {
	c, err := m.compute(ctx)
	if err != nil {
		return nil, err
	}
	return all[*server](ctx, c, "servers/detail", "servers", query)
}

// act asks a server to do something: POST …/action.
func (m *machines) act(ctx context.Context, id, action string, with any) error {
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	return post(ctx, c, "servers/"+id+"/action", wrapped(action, with), nil)
}

// Find takes an id or a name.
func (m *machines) Find(ctx context.Context, ref string) (string, error) {
	if isUUID(ref) {
		sv, err := m.server(ctx, ref)
		if err == nil {
			return sv.ID, nil
		}
		if !isNotFound(err) {
			return "", failed("find the machine", ref, err)
		}
	}
	list, err := m.named(ctx, ref)
	if err != nil {
		return "", err
	}
	return onlyMatch("machine", ref, list, func(sv *server) string { return sv.ID })
}

// named lists the servers of exactly that name.
func (m *machines) named(ctx context.Context, name string) ([]*server, error) {
	list, err := m.servers(ctx, url.Values{"name": {exactly(name)}})
	if err != nil {
		return nil, failed("look for machines named", name, err)
	}
	var same []*server
	for _, sv := range list {
		if sv.Name == name && sv.Status != "DELETED" {
			same = append(same, sv)
		}
	}
	return same, nil
}
