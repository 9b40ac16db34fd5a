package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/token"
)

// Options is the whole configuration of a daemon, checked.
type Options struct {
	Role     Role
	Data     layout.Data
	NodeName string
	// NodeIP is the zero Addr when it is to be found out.
	NodeIP          netip.Addr
	Labels          []string
	Taints          []string
	Interface       string
	ResolvConf      string
	PauseImage      string
	KubeletArgs     []string
	KubeProxyArgs   []string
	Token           *token.Token // nil: a server makes its own
	AgentToken      *token.Token // servers only; nil: agents join by Token
	ServerURL       *url.URL     // agents only
	Cluster         Cluster      // servers only
	Kubeconfig      string
	KubeconfigMode  fs.FileMode
	AdvertiseIP     netip.Addr
	SubjectNames    []string
	Disabled        []string
	EncryptSecrets  bool
	StoragePath     string
	APIServerArgs   []string
	ControllersArgs []string
	SchedulerArgs   []string
	// Warnings are about flags that were accepted and do nothing.
	Warnings []string
}

// Cluster is what every node of a cluster must agree on.
type Cluster struct {
	PodCIDR       string `json:"podCIDR"`
	ServiceCIDR   string `json:"serviceCIDR"`
	DNS           string `json:"dns"`
	Domain        string `json:"domain"`
	NodePortRange string `json:"-"`
}

// Errors for what an agent cannot do without, worded as k3s words them.
var (
	ErrServerRequired = errors.New("--server is required")
	ErrTokenRequired  = errors.New("--token is required")
)

// Parse gathers the environment, config.yaml and the arguments, the later
// winning over the earlier.
func Parse(role Role, args []string, environment func(string) string) (Options, error) {
	v := values{}
	if err := v.fromEnvironment(role, environment); err != nil {
		return Options{}, err
	}
	// The arguments name the file they win over, so they are read twice.
	given := values{}
	if err := given.fromArguments(role, args); err != nil {
		return Options{}, err
	}
	path := given.text("config", v.text("config", ""))
	file := path
	if file == "" {
		file = layout.ConfigFile
	}
	if err := v.fromFiles(role, file, path != ""); err != nil {
		return Options{}, err
	}
	for name, values := range given {
		v[name] = values
	}
	return resolve(role, v)
}

func resolve(role Role, v values) (Options, error) {
	o := Options{
		Role:            role,
		Data:            layout.Data(v.text("data-dir", layout.DataDir)),
		NodeName:        strings.ToLower(v.text("node-name", "")),
		Labels:          v.words("node-label"),
		Taints:          v.words("node-taint"),
		Interface:       v.text("flannel-iface", ""),
		ResolvConf:      v.text("resolv-conf", ""),
		PauseImage:      v.text("pause-image", "docker.io/rancher/mirrored-pause:3.6"),
		KubeletArgs:     dashed(v["kubelet-arg"]),
		KubeProxyArgs:   dashed(v["kube-proxy-arg"]),
		Kubeconfig:      v.text("write-kubeconfig", layout.Kubeconfig),
		SubjectNames:    v.words("tls-san"),
		Disabled:        v.words("disable"),
		EncryptSecrets:  v.on("secrets-encryption"),
		APIServerArgs:   dashed(v["kube-apiserver-arg"]),
		ControllersArgs: dashed(v["kube-controller-manager-arg"]),
		SchedulerArgs:   dashed(v["kube-scheduler-arg"]),
		Warnings:        v.warnings(role),
		Cluster: Cluster{
			PodCIDR:       v.text("cluster-cidr", "10.42.0.0/16"),
			ServiceCIDR:   v.text("service-cidr", "10.43.0.0/16"),
			DNS:           v.text("cluster-dns", ""),
			Domain:        v.text("cluster-domain", "cluster.local"),
			NodePortRange: v.text("service-node-port-range", "30000-32767"),
		},
	}
	o.StoragePath = v.text("default-local-storage-path", string(o.Data)+"/storage")
	err := errors.Join(o.setNames(), o.setAddresses(v), o.setToken(v), o.setServer(v), o.setMode(v))
	return o, err
}

func (o *Options) setNames() error {
	if o.NodeName != "" {
		return nil
	}
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the host name: %w", err)
	}
	o.NodeName = strings.ToLower(name)
	return nil
}

func (o *Options) setAddresses(v values) error {
	var err error
	if given := v.words("node-ip"); len(given) > 0 {
		if o.NodeIP, err = netip.ParseAddr(given[0]); err != nil || !o.NodeIP.Is4() {
			return fmt.Errorf("invalid node-ip %q: expected an IPv4 address", given[0])
		}
	}
	if given := v.text("advertise-address", ""); given != "" {
		if o.AdvertiseIP, err = netip.ParseAddr(given); err != nil {
			return fmt.Errorf("invalid advertise-address %q", given)
		}
	}
	services, err := netip.ParsePrefix(o.Cluster.ServiceCIDR)
	if err != nil {
		return fmt.Errorf("invalid service-cidr: %w", err)
	}
	pods, err := netip.ParsePrefix(o.Cluster.PodCIDR)
	if err != nil {
		return fmt.Errorf("invalid cluster-cidr: %w", err)
	}
	if !pods.Addr().Is4() || pods.Bits() > 24 || !services.Addr().Is4() {
		return fmt.Errorf("cluster-cidr %s and service-cidr %s must be IPv4, and the first at least a /24", pods, services)
	}
	if pods.Overlaps(services) {
		return fmt.Errorf("cluster-cidr %s and service-cidr %s overlap", pods, services)
	}
	if o.Cluster.DNS == "" {
		o.Cluster.DNS = nth(services, 10).String()
	}
	dns, err := netip.ParseAddr(o.Cluster.DNS)
	if err != nil || !services.Contains(dns) {
		return fmt.Errorf("cluster-dns %q is not an address inside service-cidr %s", o.Cluster.DNS, services)
	}
	return nil
}

// nth is the n-th address of a range, 0 being the network's own.
func nth(r netip.Prefix, n int) netip.Addr {
	addr := r.Masked().Addr()
	for range n {
		addr = addr.Next()
	}
	return addr
}

// APIServiceIP is the cluster address of the API server, the first of the range.
func (c Cluster) APIServiceIP() net.IP {
	return net.IP(nth(netip.MustParsePrefix(c.ServiceCIDR), 1).AsSlice())
}

func (o *Options) setToken(v values) error {
	var err error
	if o.Token, err = v.token("token", token.User); err != nil {
		return err
	}
	if o.Token == nil && o.Role == Agent {
		return ErrTokenRequired
	}
	o.AgentToken, err = v.token("agent-token", token.AgentUser)
	return err
}

// token reads one of two tokens: the text itself or, without it, the file.
func (v values) token(name, user string) (*token.Token, error) {
	text := v.text(name, "")
	if file := v.text(name+"-file", ""); text == "" && file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the token: %w", err)
		}
		text = strings.TrimSpace(string(content))
	}
	if text == "" {
		return nil, nil
	}
	parsed, err := token.Parse(text, user)
	return &parsed, err
}

func (o *Options) setServer(v values) error {
	if o.Role != Agent {
		return nil
	}
	given := v.text("server", "")
	if given == "" {
		return ErrServerRequired
	}
	parsed, err := url.Parse(given)
	if err != nil || parsed.Scheme != "https" || parsed.Hostname() == "" {
		return fmt.Errorf("invalid server url %q: expected https://ADDRESS:6443", given)
	}
	o.ServerURL = parsed
	return nil
}

func (o *Options) setMode(v values) error {
	given := v.text("write-kubeconfig-mode", "0600")
	mode, err := strconv.ParseUint(given, 8, 32)
	if err != nil || mode > 0o777 {
		return fmt.Errorf("invalid write-kubeconfig-mode %q: expected octal digits, in quotes", given)
	}
	o.KubeconfigMode = fs.FileMode(mode)
	return nil
}

// dashed makes component arguments out of key=value.
func dashed(given []string) []string {
	var args []string
	for _, arg := range given {
		args = append(args, "--"+strings.TrimLeft(arg, "-"))
	}
	return args
}

func (v values) warnings(role Role) []string {
	var all []string
	for name := range v {
		if f, known := find(role, name); known && f.ignored {
			all = append(all, fmt.Sprintf("--%s has no effect in the lab stand-in", name))
		}
	}
	slices.Sort(all)
	return all
}
