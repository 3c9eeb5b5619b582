package cloudinit

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// loginBoundary separates the parts of user data that holds a login; it is how we know our own work again.
const loginBoundary = "==virt-login-3f6a1c=="

// UserData is what the guest shall get: the user's own data, or one MIME message that holds the login and that. instance
// is the machine's id, which seasons the password. earlier is the user data that the guest has had so far, or "": a
// write-only password is not given again, so that its hash is taken from there. The only error is a password that no
// guest can have (platform.ErrInvalid).
func UserData(m *platform.Machine, instance, earlier string) (string, error) {
	data := value(m.UserData)
	if m.Login == nil {
		return data, nil
	}
	login, err := loginConfig(m.Login, saltOf(instance), hashIn(earlier))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=\"" + loginBoundary + "\"\nMIME-Version: 1.0\n\n")
	writePart(&b, "text/cloud-config", login)
	if data != "" {
		writePart(&b, contentType(data), data)
	}
	b.WriteString("--" + loginBoundary + "--\n")
	return b.String(), nil
}

// writePart adds one part. Lists of users and keys in several parts are joined rather than replaced.
func writePart(b *strings.Builder, contentType, text string) {
	b.WriteString("--" + loginBoundary + "\nContent-Type: " + contentType + "; charset=\"utf-8\"\nMIME-Version: 1.0\n")
	if contentType == "text/cloud-config" {
		b.WriteString("Merge-Type: list(append)+dict(no_replace,recurse_list)+str()\n")
	}
	b.WriteString("\n" + text + "\n")
}

// contentType is how cloud-init calls data that begins this way.
func contentType(data string) string {
	for prefix, name := range map[string]string{
		"#cloud-config": "text/cloud-config", "#cloud-boothook": "text/cloud-boothook", "#include": "text/x-include-url",
		"#!": "text/x-shellscript", "## template: jinja": "text/jinja2", "Content-Type: multipart/": "message/rfc822",
	} {
		if strings.HasPrefix(data, prefix) {
			return name
		}
	}
	return ""
}

// mergeable says whether a login can stand beside this user data.
func mergeable(data string) bool { return data == "" || contentType(data) != "" }

// OwnData undoes UserData: it takes the user's own data out of it. Data that holds no login of ours is the user's as it
// is; "" means that there is none.
func OwnData(data string) string {
	if !strings.Contains(strings.SplitN(data, "\n", 2)[0], loginBoundary) {
		return data
	}
	parts := strings.Split(data, "--"+loginBoundary)
	if len(parts) < 4 { // before, the login, the user's, the end
		return ""
	}
	_, body, _ := strings.Cut(parts[2], "\n\n")
	return strings.TrimSuffix(body, "\n")
}

// loginConfig renders the first user as cloud-config. hash is that of the password as the guest has it so far. JSON is
// YAML.
func loginConfig(l *platform.Login, salt, hash string) (string, error) {
	user := map[string]any{
		"name": value(l.User), "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL", "lock_passwd": true,
	}
	if len(l.SSHKeys) > 0 {
		user["ssh_authorized_keys"] = l.SSHKeys
	}
	config := map[string]any{}
	if password := cmp.Or(value(l.PasswordWO), value(l.Password)); password != "" {
		var err error
		if hash, err = hashPassword(password, salt); err != nil {
			return "", err
		}
	} else if l.PasswordWOVersion == nil {
		hash = ""
	}
	if hash != "" {
		user["hashed_passwd"], user["lock_passwd"] = hash, false
		config["ssh_pwauth"] = true
	}
	if user["name"] == "" {
		delete(user, "name")
		return defaultUser(config, user)
	}
	config["users"] = []any{"default", user}
	return encodeConfig(config)
}

// defaultUser gives the keys and the password to the image's own user where none is named.
func defaultUser(config, user map[string]any) (string, error) {
	if keys, ok := user["ssh_authorized_keys"]; ok {
		config["ssh_authorized_keys"] = keys
	}
	if hash, ok := user["hashed_passwd"]; ok {
		config["password"], config["chpasswd"] = hash, map[string]any{"expire": false}
	}
	return encodeConfig(config)
}

func encodeConfig(config map[string]any) (string, error) {
	text, err := json.Marshal(config)
	return "#cloud-config\n" + string(text), err
}

// hashIn finds the password's hash in user data that UserData made.
func hashIn(data string) string {
	parts := strings.Split(data, "--"+loginBoundary)
	if len(parts) < 3 {
		return ""
	}
	_, body, _ := strings.Cut(parts[1], "#cloud-config\n")
	var config struct {
		Password string
		Users    []json.RawMessage
	}
	if json.Unmarshal([]byte(body), &config) != nil {
		return ""
	}
	for _, raw := range config.Users {
		var user struct {
			Hash string `json:"hashed_passwd"`
		}
		if json.Unmarshal(raw, &user) == nil && user.Hash != "" {
			return user.Hash
		}
	}
	return config.Password
}
