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

// addons are the files of each add-on there is. What serves Traefik's ingresses
// is internal/ingress; its files are the kinds and the class alone. k3s' others
// (servicelb, metrics-server, runtimes) can be disabled, as they are absent anyway.
var addons = map[string][]string{
	"coredns":       {"coredns"},
	"local-storage": {"local-storage"},
	"traefik":       {"traefik-crd", "traefik"},
	// Belongs to the Helm controller, which is not an add-on.
	"": {"helm-crd"},
}

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
	for addon, files := range addons {
		for _, name := range files {
			path := o.Data.Server("manifests", name+".yaml")
			if slices.Contains(o.Disabled, addon) {
				if _, err := os.Stat(path); err == nil {
					leftover = append(leftover, path)
				}
				continue
			}
			content, err := render(name, v)
			if err != nil {
				return nil, err
			}
			if !holdsObjects(content) {
				continue // the build has put nothing in the placeholder's place
			}
			if err := pki.WriteFile(path, content, 0o600); err != nil {
				return nil, err
			}
		}
	}
	return leftover, nil
}

// holdsObjects is false for a manifest of comments, which kubectl refuses.
func holdsObjects(content []byte) bool {
	return slices.ContainsFunc(bytes.Split(content, []byte("\n")), func(line []byte) bool {
		return bytes.HasPrefix(line, []byte("kind:"))
	})
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
