// Package wire is what a joining node and the server say to each other.
package wire

import "terrarium/lab/k3s/internal/cli"

// Paths of the supervisor's endpoints. The first two are k3s' own.
const (
	CACertsPath = "/cacerts"
	PingPath    = "/ping"
	JoinPath    = "/v1-lab/join"
	// BootstrapPath is k3s' own too: it takes a server's token and no other.
	BootstrapPath = "/v1-k3s/server-bootstrap"
)

// JoinRequest carries public keys only; private keys never leave their node.
type JoinRequest struct {
	NodeName string `json:"nodeName"`
	// Password is made once per machine: it tells a rejoin from a second
	// machine of the same name.
	Password  string   `json:"password"`
	Addresses []string `json:"addresses"`
	Keys      Material `json:"keys"`
}

// Material is one PEM block per identity of a node: public keys in a request,
// certificates in a reply.
type Material struct {
	Kubelet   []byte `json:"kubelet"`
	Serving   []byte `json:"serving"`
	KubeProxy []byte `json:"kubeProxy"`
}

// JoinReply is all a node needs to run its components. CAs are PEM bundles.
type JoinReply struct {
	Cluster      cli.Cluster `json:"cluster"`
	ServerCA     []byte      `json:"serverCA"`
	ClientCA     []byte      `json:"clientCA"`
	Certificates Material    `json:"certificates"`
}
