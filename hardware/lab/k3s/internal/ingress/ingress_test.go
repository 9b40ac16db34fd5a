package ingress

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

func ingress(name, host, path, class, annotation string) *networking.Ingress {
	prefix := networking.PathTypePrefix
	object := &networking.Ingress{
		ObjectMeta: meta.ObjectMeta{Name: name, Namespace: "terrarium", Annotations: map[string]string{middlewares: annotation}},
		Spec: networking.IngressSpec{
			TLS: []networking.IngressTLS{{Hosts: []string{host}, SecretName: "tls"}},
			Rules: []networking.IngressRule{{Host: host, IngressRuleValue: networking.IngressRuleValue{
				HTTP: &networking.HTTPIngressRuleValue{Paths: []networking.HTTPIngressPath{{
					Path: path, PathType: &prefix,
					Backend: networking.IngressBackend{Service: &networking.IngressServiceBackend{
						Name: name, Port: networking.ServiceBackendPort{Name: "http"}}},
				}}},
			}}},
		},
	}
	if class != "" {
		object.Spec.IngressClassName = &class
	}
	return object
}

func TestTheMoreTellingRouteWins(t *testing.T) {
	routes := routesOf([]*networking.Ingress{
		ingress("home", "lab.local", "/", "", ""),
		ingress("docs", "lab.local", "/docs", className, ""),
		ingress("other", "lab.local", "/docs/deep", "nginx", ""),
	})
	for path, expected := range map[string]string{"/": "home", "/docs": "docs", "/docs/deep/x": "docs", "/docsx": "home"} {
		var found string
		for _, route := range routes {
			if route.matches("LAB.local", path) {
				found = route.service
				break
			}
		}
		if found != expected {
			t.Errorf("%s leads to %q, not to %q", path, found, expected)
		}
	}
}

func TestLoginsAreThoseOfTheOwnNamespace(t *testing.T) {
	found := loginsOf(ingress("x", "h", "/", "", "terrarium-login@kubernetescrd, other-x@kubernetescrd, a@file"))
	if len(found) != 1 || found[0] != [2]string{"terrarium", "login"} {
		t.Errorf("%v", found)
	}
}

// server has these objects in its caches.
func server(t *testing.T, objects ...interface {
	meta.Object
}) *Server {
	t.Helper()
	client := fake.NewClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	for _, object := range objects {
		var err error
		switch object := object.(type) {
		case *networking.Ingress:
			err = factory.Networking().V1().Ingresses().Informer().GetIndexer().Add(object)
		case *core.Service:
			err = factory.Core().V1().Services().Informer().GetIndexer().Add(object)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return &Server{
		ingresses: factory.Networking().V1().Ingresses().Lister(),
		services:  factory.Core().V1().Services().Lister(),
		secrets:   factory.Core().V1().Secrets().Lister(),
		gate:      gate{client: client},
	}
}

func TestARequestReachesItsService(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen", r.Host+r.URL.Path+" "+r.Header.Get("X-Forwarded-Host"))
	}))
	defer behind.Close()
	address, _ := url.Parse(behind.URL)
	port, _ := strconv.Atoi(address.Port())
	service := &core.Service{
		ObjectMeta: meta.ObjectMeta{Name: "api", Namespace: "terrarium"},
		Spec:       core.ServiceSpec{ClusterIP: address.Hostname(), Ports: []core.ServicePort{{Name: "http", Port: int32(port)}}},
	}
	s := server(t, ingress("api", "api.lab.local", "/", className, ""), service)
	ask := func(target string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, target, nil))
		return recorder
	}
	if seen := ask("https://api.lab.local/docs").Header().Get("Seen"); seen != "api.lab.local/docs api.lab.local" {
		t.Errorf("the service saw %q", seen)
	}
	if code := ask("https://nobody.lab.local/").Code; code != http.StatusNotFound {
		t.Errorf("an unknown host got %d", code)
	}
}

func TestPlainRequestsAreSentToTLS(t *testing.T) {
	recorder := httptest.NewRecorder()
	toTLS(recorder, httptest.NewRequest(http.MethodGet, "http://api.lab.local:80/docs?x=1", nil))
	if to := recorder.Header().Get("Location"); to != "https://api.lab.local/docs?x=1" {
		t.Errorf("sent to %q", to)
	}
}
