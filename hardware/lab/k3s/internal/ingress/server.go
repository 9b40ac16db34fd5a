package ingress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	networklisters "k8s.io/client-go/listers/networking/v1"
)

// Server serves what the cluster's Ingresses say.
type Server struct {
	ingresses networklisters.IngressLister
	services  corelisters.ServiceLister
	secrets   corelisters.SecretLister
	gate      gate
}

// Run serves ports 80 and 443 of this machine until ctx ends.
func Run(ctx context.Context, client kubernetes.Interface) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	s := &Server{
		ingresses: factory.Networking().V1().Ingresses().Lister(),
		services:  factory.Core().V1().Services().Lister(),
		secrets:   factory.Core().V1().Secrets().Lister(),
		gate:      gate{client: client},
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	quiet := log.New(io.Discard, "", 0)
	plain := &http.Server{Handler: http.HandlerFunc(toTLS), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	secure := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet,
		TLSConfig: &tls.Config{GetCertificate: s.certificate, MinVersion: tls.VersionTLS12}}
	failed := make(chan error, 2)
	for _, one := range []struct {
		server *http.Server
		port   int
		serve  func(net.Listener) error
	}{{plain, 80, plain.Serve}, {secure, 443, func(l net.Listener) error { return secure.ServeTLS(l, "", "") }}} {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", one.port))
		if err != nil {
			return fmt.Errorf("serve ingresses: %w", err)
		}
		defer one.server.Close() //nolint:errcheck // the process ends
		go func() { failed <- one.serve(listener) }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// toTLS sends a browser to the same address over TLS.
func toTLS(w http.ResponseWriter, r *http.Request) {
	host, _, found := strings.Cut(r.Host, ":")
	if !found {
		host = r.Host
	}
	http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
}

// ServeHTTP leads a request to the service its Ingress names.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := s.find(r)
	if !ok {
		http.Error(w, "404 page not found: no ingress of the lab has this host and path", http.StatusNotFound)
		return
	}
	for _, login := range found.logins {
		open, err := s.gate.open(r.Context(), login[0], login[1], r)
		if err != nil {
			// As with Traefik, what is asked for and cannot be had stays shut.
			logrus.Warnf("The ingress of %s stays shut: %v", found.service, err)
			http.Error(w, "404 page not found: its middleware cannot be had", http.StatusNotFound)
			return
		}
		if !open {
			w.Header().Set("WWW-Authenticate", `Basic realm="lab"`)
			http.Error(w, "401 Unauthorized", http.StatusUnauthorized)
			return
		}
	}
	service, err := s.services.Services(found.namespace).Get(found.service)
	if err != nil {
		http.Error(w, "503 no such service: "+found.service, http.StatusServiceUnavailable)
		return
	}
	port, ok := portOf(service, found)
	if !ok {
		http.Error(w, "503 no such port of "+found.service, http.StatusServiceUnavailable)
		return
	}
	target := found.backend(service.Spec.ClusterIP, port)
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host
			p.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				http.Error(w, "502 "+err.Error(), http.StatusBadGateway)
			}
		},
	}
	proxy.ServeHTTP(w, r)
}

func (s *Server) find(r *http.Request) (route, bool) {
	all, err := s.ingresses.List(labels.Everything())
	if err != nil {
		return route{}, false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	for _, route := range routesOf(all) {
		if route.matches(host, r.URL.Path) {
			return route, true
		}
	}
	return route{}, false
}

func portOf(service *core.Service, r route) (int32, bool) {
	for _, port := range service.Spec.Ports {
		if port.Name == r.port.Name && r.port.Name != "" || port.Port == r.port.Number {
			return port.Port, true
		}
	}
	return 0, false
}

// certificate is that of the Ingress with the host a browser names.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	all, err := s.ingresses.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	for _, route := range routesOf(all) {
		if !strings.EqualFold(route.host, hello.ServerName) || route.secret == "" {
			continue
		}
		secret, err := s.secrets.Secrets(route.namespace).Get(route.secret)
		if err != nil {
			return nil, fmt.Errorf("the certificate of %s: %w", route.host, err)
		}
		pair, err := tls.X509KeyPair(secret.Data[core.TLSCertKey], secret.Data[core.TLSPrivateKeyKey])
		return &pair, err
	}
	return nil, fmt.Errorf("no ingress has the host %q and a certificate", hello.ServerName)
}
