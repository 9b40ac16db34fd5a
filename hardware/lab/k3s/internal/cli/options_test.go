package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// parse reads one config.yaml and arguments with an empty environment.
func parse(t *testing.T, role Role, yaml string, args ...string) (Options, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return Parse(role, append([]string{"--config", path}, args...), func(string) string { return "" })
}

func mustParse(t *testing.T, role Role, yaml string, args ...string) Options {
	t.Helper()
	o, err := parse(t, role, yaml, args...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestServerConfigurationFile(t *testing.T) {
	o := mustParse(t, Server, `
node-name: Pi-1
node-ip: 10.0.0.11
node-label:
  - terrarium/board=pi5
  - disk=nvme
disable: [traefik, servicelb]
tls-san: pi-1.local
write-kubeconfig-mode: "0640"
kubelet-arg:
  - max-pods=50
  - feature-gates=A=true,B=false
`)
	if o.NodeName != "pi-1" || o.NodeIP.String() != "10.0.0.11" || o.KubeconfigMode != 0o640 {
		t.Errorf("got %q %v %o", o.NodeName, o.NodeIP, o.KubeconfigMode)
	}
	for _, c := range []struct{ got, want []string }{
		{o.Labels, []string{"terrarium/board=pi5", "disk=nvme"}},
		{o.Disabled, []string{"traefik", "servicelb"}},
		{o.SubjectNames, []string{"pi-1.local"}},
		{o.KubeletArgs, []string{"--max-pods=50", "--feature-gates=A=true,B=false"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	o := mustParse(t, Server, "")
	want := Cluster{PodCIDR: "10.42.0.0/16", ServiceCIDR: "10.43.0.0/16", DNS: "10.43.0.10", Domain: "cluster.local", NodePortRange: "30000-32767"}
	if o.Cluster != want || o.KubeconfigMode != 0o600 || o.Data != "/var/lib/rancher/k3s" || o.Token != nil {
		t.Errorf("got %+v", o)
	}
	if got := o.Cluster.APIServiceIP().String(); got != "10.43.0.1" {
		t.Errorf("API service address: got %s", got)
	}
}

func TestDNSFollowsTheServiceRange(t *testing.T) {
	if o := mustParse(t, Server, "service-cidr: 10.99.0.0/16"); o.Cluster.DNS != "10.99.0.10" {
		t.Errorf("got %s", o.Cluster.DNS)
	}
}

func TestArgumentsWinOverTheFile(t *testing.T) {
	o := mustParse(t, Server, "node-name: a\nnode-label: [x=1, y=2]", "--node-name", "b", "--node-label=z=3", "--node-label", "w=4")
	if o.NodeName != "b" || !slices.Equal(o.Labels, []string{"z=3", "w=4"}) {
		t.Errorf("got %s %q", o.NodeName, o.Labels)
	}
}

func TestFileWinsOverTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte("server: https://10.0.0.1:6443"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"K3S_URL": "https://10.0.0.2:6443", "K3S_TOKEN": "secret", "K3S_CONFIG_FILE": path}
	o, err := Parse(Agent, nil, func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	if o.ServerURL.Host != "10.0.0.1:6443" || o.Token == nil {
		t.Errorf("got %s, token read: %t", o.ServerURL, o.Token != nil)
	}
}

func TestDirectoryAddsToTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.Mkdir(path+".d", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		path:                     "node-label: [a=1]\nnode-name: first",
		path + ".d/10-more.yaml": "node-label+: [b=2]",
		path + ".d/20-name.yaml": "node-name: second",
		path + ".d/ignored.txt":  "no-such-key: 1",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o, err := Parse(Server, []string{"-c", path}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.Labels, []string{"a=1", "b=2"}) || o.NodeName != "second" {
		t.Errorf("got %q %s", o.Labels, o.NodeName)
	}
}

func TestTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := mustParse(t, Agent, "server: https://10.0.0.1:6443\ntoken-file: "+path)
	if _, secret := o.Token.Credentials(); secret != "hunter2" {
		t.Error("the token file was not read")
	}
}

func TestRefusals(t *testing.T) {
	const agent = "server: https://10.0.0.1:6443\ntoken: x\n"
	for _, c := range []struct {
		role       Role
		yaml, want string
		args       []string
	}{
		{Server, "no-such-key: 1", "flag provided but not defined: -no-such-key", nil},
		{Server, "", "flag provided but not defined: -no-such-flag", []string{"--no-such-flag"}},
		{Agent, agent + "tls-san: a", "flag provided but not defined: -tls-san", nil},
		{Agent, "token: x", "--server is required", nil},
		{Agent, "server: https://10.0.0.1:6443", "--token is required", nil},
		{Agent, "server: http://10.0.0.1:6443\ntoken: x", "invalid server url", nil},
		{Agent, "server: https://10.0.0.1:6443\ntoken: K10x", "invalid token format", nil},
		{Server, "datastore-endpoint: mysql://x", "not supported", nil},
		{Server, "", "one server only", []string{"--cluster-init"}},
		{Server, "cluster-init: true", "one server only", nil},
		{Server, "node-ip: nowhere", "invalid node-ip", nil},
		{Server, "write-kubeconfig-mode: rw", "octal", nil},
		{Server, "cluster-cidr: 10.43.0.0/16", "overlap", nil},
		{Server, "cluster-dns: 10.42.0.10", "not an address inside", nil},
		{Server, "secrets-encryption: perhaps", "invalid boolean", nil},
		{Server, "node-name: {a: b}", "expected a value or a list", nil},
		{Server, "- a", "not a YAML mapping", nil},
		{Server, "", "flag needs an argument: -node-name", []string{"--node-name"}},
		{Server, "", "unexpected argument", []string{"stray"}},
	} {
		_, err := parse(t, c.role, c.yaml, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q %q: got %v, want %q", c.role, c.yaml, c.args, err, c.want)
		}
	}
}

func TestUnknownKeyIsTyped(t *testing.T) {
	_, err := parse(t, Server, "no-such-key: 1")
	var unknown UnknownFlagError
	if !errors.As(err, &unknown) || unknown.Name != "no-such-key" {
		t.Errorf("got %v", err)
	}
}

func TestIgnoredFlagsAreNamed(t *testing.T) {
	o := mustParse(t, Server, "flannel-backend: vxlan\nembedded-registry: true")
	if len(o.Warnings) != 2 || !strings.Contains(o.Warnings[1], "flannel-backend") {
		t.Errorf("got %q", o.Warnings)
	}
}

func TestMissingConfigurationNamedByHandIsAnError(t *testing.T) {
	_, err := Parse(Server, []string{"--config", filepath.Join(t.TempDir(), "none.yaml")}, func(string) string { return "" })
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
