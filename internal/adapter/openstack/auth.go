package openstack

import (
	"cmp"
	"crypto/tls"
	"errors"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// defaultDomain is the id of the domain that every cloud has.
const defaultDomain = "default"

// access is how to sign in, and what of the catalog to use.
type access struct {
	auth   gophercloud.AuthOptions
	region string
	facing string // public, internal or admin
	tls    *tls.Config
}

// effective hides settings of the environment that belong to another cloud than the one which the block names: a block
// that says where to sign in, or by which cloud of clouds.yaml, is not mixed with variables meant for another place.
type effective struct{ platform.Config }

// String returns a setting, unless it only comes from the environment and the block says otherwise who signs in where.
func (e effective) String(name string) string {
	if e.Given(name) || !e.hidden(name) {
		return e.Config.String(name)
	}
	return ""
}

func (e effective) hidden(name string) bool {
	switch name {
	case setCloud:
		return e.Given(setAuthURL)
	case setCloudsFile, setCAFile, setCert, setKey:
		return false
	case setUser, setUserID, setPassword, setUserDomain, setUserDomainID:
		return e.Given(setCloud) || e.Given(setToken) || e.Given(setAppID)
	case setToken:
		return e.Given(setCloud) || e.Given(setPassword) || e.Given(setAppSecret)
	case setAppID, setAppName, setAppSecret:
		return e.Given(setCloud) || e.Given(setPassword) || e.Given(setToken)
	case setProject, setProjectID, setProjectDomain, setProjectDomainID, setSystemScope:
		return e.Given(setCloud) || e.Given(setProject) || e.Given(setProjectID) || e.Given(setSystemScope)
	}
	return e.Given(setCloud)
}

// newAccess puts together what clouds.yaml says and, above it, what the block and the environment say.
func newAccess(c platform.Config) (*access, error) {
	e := effective{c}
	a := &access{facing: "public"}
	if e.String(setCloud) != "" {
		if err := a.fromCloud(e); err != nil {
			return nil, err
		}
	}
	auth := &a.auth
	over(&auth.IdentityEndpoint, e.String(setAuthURL))
	over(&a.region, e.String(setRegion))
	over(&a.facing, strings.TrimSuffix(e.String(setInterface), "URL"))
	a.credentials(e)
	a.scope(e)
	if auth.IdentityEndpoint == "" {
		return nil, platform.As(platform.ErrInvalid, errors.New("the setting auth_url is missing: set it, or cloud to one of clouds.yaml, or OS_AUTH_URL or OS_CLOUD"))
	}
	if auth.Username == "" && auth.UserID == "" && auth.TokenID == "" && auth.ApplicationCredentialID == "" {
		return nil, platform.As(platform.ErrInvalid, errors.New("nobody is named to sign in: set username and password, application_credential_id and application_credential_secret, or token"))
	}
	auth.AllowReauth = auth.TokenID == ""
	return a, nil
}

// fromCloud reads clouds.yaml and secure.yaml.
func (a *access) fromCloud(e effective) error {
	options := []clouds.ParseOption{
		clouds.WithCloudName(e.String(setCloud)), clouds.WithRegion(""), clouds.WithEndpointType(""),
	}
	if file := e.String(setCloudsFile); file != "" {
		options = append(options, clouds.WithLocations(file))
	}
	auth, endpoint, config, err := clouds.Parse(options...)
	if err != nil {
		return platform.As(platform.ErrInvalid, &platform.OpError{
			Op: "read the cloud", On: e.String(setCloud), Err: err,
			Hint: "It comes from the setting cloud or OS_CLOUD; clouds_file says where clouds.yaml is",
		})
	}
	a.auth, a.region, a.tls = auth, endpoint.Region, config
	over(&a.facing, string(endpoint.Availability))
	return nil
}

// credentials takes the one way to sign in that the settings name; the cloud's own counts when they name none.
func (a *access) credentials(e effective) {
	auth := &a.auth
	app := e.String(setAppID) != "" || e.String(setAppName) != ""
	switch token, user := e.String(setToken), e.String(setUser) != "" || e.String(setUserID) != ""; {
	case app:
		auth.Username, auth.UserID, auth.Password, auth.TokenID = "", "", "", ""
		auth.ApplicationCredentialID, auth.ApplicationCredentialName = e.String(setAppID), e.String(setAppName)
	case token != "" && (!user || e.String(setPassword) == ""):
		auth.Username, auth.UserID, auth.Password = "", "", ""
		auth.ApplicationCredentialID, auth.ApplicationCredentialName, auth.ApplicationCredentialSecret = "", "", ""
		auth.TokenID = token
	case user:
		auth.TokenID = ""
		auth.ApplicationCredentialID, auth.ApplicationCredentialName, auth.ApplicationCredentialSecret = "", "", ""
		auth.Username, auth.UserID = e.String(setUser), e.String(setUserID)
	}
	over(&auth.ApplicationCredentialSecret, e.String(setAppSecret))
	if auth.ApplicationCredentialID == "" && auth.TokenID == "" {
		over(&auth.Password, e.String(setPassword))
		a.userOf(e)
	}
}

// userOf names the user, or the user of an application credential that is known by its name, with its domain.
func (a *access) userOf(e effective) {
	auth := &a.auth
	over(&auth.Username, e.String(setUser))
	over(&auth.UserID, e.String(setUserID))
	if auth.UserID != "" {
		auth.Username, auth.DomainID, auth.DomainName = "", "", ""
		return
	}
	id, name := cmp.Or(e.String(setUserDomainID), e.String(setDomainID)), cmp.Or(e.String(setUserDomain), e.String(setDomain))
	auth.DomainID, auth.DomainName = oneDomain(id, name, auth.DomainID, auth.DomainName)
}

// oneDomain chooses an id or a name: the settings', the cloud's, or the domain that every cloud has.
func oneDomain(id, name, cloudID, cloudName string) (string, string) {
	switch {
	case id != "":
		return id, ""
	case name != "":
		return "", name
	case cloudID != "":
		return cloudID, ""
	case cloudName != "":
		return "", cloudName
	}
	return defaultDomain, ""
}

// scope says where to work: a project, a domain, or the whole system.
func (a *access) scope(e effective) {
	auth := &a.auth
	if auth.ApplicationCredentialID != "" || auth.ApplicationCredentialName != "" {
		auth.Scope, auth.TenantID, auth.TenantName = nil, "", "" // it has its own
		return
	}
	was := auth.Scope
	if was == nil {
		was = &gophercloud.AuthScope{}
	}
	id, name := oneDomain(
		cmp.Or(e.String(setProjectDomainID), e.String(setDomainID)), cmp.Or(e.String(setProjectDomain), e.String(setDomain)),
		was.DomainID, was.DomainName)
	switch project := cmp.Or(e.String(setProject), was.ProjectName); {
	case e.String(setSystemScope) != "":
		auth.Scope = &gophercloud.AuthScope{System: true}
	case e.String(setProjectID) != "":
		auth.Scope = &gophercloud.AuthScope{ProjectID: e.String(setProjectID)}
	case e.String(setProject) == "" && (was.ProjectID != "" || was.System || was.TrustID != ""):
	case project != "":
		auth.Scope = &gophercloud.AuthScope{ProjectName: project, DomainID: id, DomainName: name}
	case e.String(setDomainID) != "" || e.String(setDomain) != "":
		auth.Scope = &gophercloud.AuthScope{DomainID: id, DomainName: name}
	}
	auth.TenantID, auth.TenantName = "", "" // the scope says it
}

// over puts a value that is given in place of another one.
func over(to *string, v string) {
	if v != "" {
		*to = v
	}
}
