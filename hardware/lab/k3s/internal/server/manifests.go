package server

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/template"

	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/node"
	"terrarium/lab/k3s/internal/pki"
)

//go:embed manifests/*.yaml
var bundled embed.FS

// The add-ons there are. k3s' others (traefik, servicelb, metrics-server,
// runtimes) can be disabled, as they are absent anyway.
var addons = []string{"coredns", "local-storage"}

// values fill the manifests' templates.
type values struct {
	DNS, Domain, StoragePath string
	// Upstream is false when the node has no resolver a pod could ask.
	Upstream bool
}

// writeAddons puts the enabled add-ons' manifests where they get deployed, and
// returns the files of disabled ones that an earlier start left there.
func writeAddons(o cli.Options) (leftover []string, err error) {
	resolvers, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the node's resolvers: %w", err)
	}
	v := values{DNS: o.Cluster.DNS, Domain: o.Cluster.Domain, StoragePath: o.StoragePath,
		Upstream: len(node.Resolvers(string(resolvers))) > 0}
	for _, name := range addons {
		path := o.Data.Server("manifests", name+".yaml")
		if slices.Contains(o.Disabled, name) {
			if _, err := os.Stat(path); err == nil {
				leftover = append(leftover, path)
			}
			continue
		}
		content, err := render(name, v)
		if err != nil {
			return nil, err
		}
		if err := pki.WriteFile(path, content, 0o600); err != nil {
			return nil, err
		}
	}
	return leftover, nil
}

func render(name string, v values) ([]byte, error) {
	text, err := bundled.ReadFile("manifests/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("the manifest of %s: %w", name, err)
	}
	// The manifests hold shell and Corefile braces, so templates use others.
	t, err := template.New(name).Delims("<<", ">>").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("the manifest of %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, fmt.Errorf("the manifest of %s: %w", name, err)
	}
	return out.Bytes(), nil
}

func isManifest(name string) bool {
	return !strings.HasPrefix(name, ".") &&
		(strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".json"))
}
