// Package ingress stands in for Traefik: it serves Ingress objects on a server's
// ports 80 and 443. Of Traefik's own objects it heeds one, the Middleware that
// asks for a login.
package ingress

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	networking "k8s.io/api/networking/v1"
)

// className is the class k3s gives Traefik.
const className = "traefik"

// middlewares is the annotation by which an Ingress names its middlewares.
const middlewares = "traefik.ingress.kubernetes.io/router.middlewares"

// route is one path of one host.
type route struct {
	host, path string
	exact      bool
	// target is the Service, by its name within the cluster.
	namespace, service string
	port               networking.ServiceBackendPort
	// logins are the middlewares that ask for one: namespace and name.
	logins [][2]string
	// secret holds the certificate, when the host is to be served over TLS.
	secret string
}

// routesOf lists what Ingresses of our class, or of none, ask for; of two routes
// for a request the more telling comes first.
func routesOf(ingresses []*networking.Ingress) []route {
	var routes []route
	for _, ingress := range ingresses {
		if class := ingress.Spec.IngressClassName; class != nil && *class != className {
			continue
		}
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for _, path := range rule.HTTP.Paths {
				if path.Backend.Service == nil {
					continue
				}
				routes = append(routes, route{
					host:      rule.Host,
					path:      path.Path,
					exact:     path.PathType != nil && *path.PathType == networking.PathTypeExact,
					namespace: ingress.Namespace,
					service:   path.Backend.Service.Name,
					port:      path.Backend.Service.Port,
					logins:    loginsOf(ingress),
					secret:    secretOf(ingress, rule.Host),
				})
			}
		}
	}
	slices.SortStableFunc(routes, func(a, b route) int { return len(b.path) - len(a.path) })
	return routes
}

// loginsOf reads the annotation: names such as `terrarium-login@kubernetescrd`,
// of which the namespace is the first part.
func loginsOf(ingress *networking.Ingress) [][2]string {
	var logins [][2]string
	for _, name := range strings.Split(ingress.Annotations[middlewares], ",") {
		name, provider, _ := strings.Cut(strings.TrimSpace(name), "@")
		prefix := ingress.Namespace + "-"
		if provider == "kubernetescrd" && strings.HasPrefix(name, prefix) {
			logins = append(logins, [2]string{ingress.Namespace, strings.TrimPrefix(name, prefix)})
		}
	}
	return logins
}

func secretOf(ingress *networking.Ingress, host string) string {
	for _, tls := range ingress.Spec.TLS {
		if slices.Contains(tls.Hosts, host) {
			return tls.SecretName
		}
	}
	return ""
}

// matches says whether the route is for this host and path.
func (r route) matches(host, path string) bool {
	if r.host != "" && !strings.EqualFold(r.host, host) {
		return false
	}
	if r.exact {
		return path == r.path
	}
	prefix := strings.TrimSuffix(r.path, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// backend is where the route leads, at the Service's own address.
func (r route) backend(address string, port int32) *url.URL {
	return &url.URL{Scheme: "http", Host: fmt.Sprintf("%s:%d", address, port)}
}
