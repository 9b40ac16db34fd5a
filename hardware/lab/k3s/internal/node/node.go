// Package node is the half of k3s that every node runs: containerd with the
// imported images, kubelet, kube-proxy and the pod network.
package node

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"time"

	"terrarium/lab/k3s/internal/child"
	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/component"
	"terrarium/lab/k3s/internal/journal"
	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/token"

	"github.com/sirupsen/logrus"
)

const (
	// stopGrace is what each set of children gets between SIGTERM and SIGKILL;
	// systemd waits far longer for the unit.
	stopGrace = 3 * time.Second
	// imagesEvery is how often new image archives are looked for.
	imagesEvery = 15 * time.Second
)

// Node is one running node.
type Node struct {
	options cli.Options
	ip      netip.Addr
	server  string // host of the server
	token   token.Token
	// gate, unless nil, is closed when joining is worth a first attempt.
	gate  <-chan struct{}
	pause time.Duration // between attempts to join
	group child.Group
}

// RunAgent runs a worker until ctx ends.
func RunAgent(ctx context.Context, o cli.Options) error {
	ip, err := Address(o)
	if err != nil {
		return err
	}
	if o.Token.CAHash == "" {
		logrus.Warn("Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. " +
			"Use the full token from the server's node-token file to enable Cluster CA validation.")
	}
	n := &Node{options: o, ip: ip, server: o.ServerURL.Hostname(), token: *o.Token, pause: time.Second}
	defer n.Stop()
	if err := n.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop while starting
		}
		return err
	}
	journal.Ready()
	<-ctx.Done()
	return nil
}

// OnServer is the node that a server runs beside its control plane. It joins
// through the same endpoint as any other, once the API is up.
func OnServer(o cli.Options, ip netip.Addr, t token.Token, api <-chan struct{}) *Node {
	return &Node{options: o, ip: ip, server: "127.0.0.1", token: t, gate: api, pause: 200 * time.Millisecond}
}

// Start returns once the node is registered with the server and its kubelet
// is healthy. Its upkeep ends with ctx.
func (n *Node) Start(ctx context.Context) error {
	prepareKernel()
	if err := n.startContainerd(); err != nil {
		return err
	}
	images := make(chan struct{})
	go n.importImages(ctx, images)
	id, err := newIdentity(n.options, n.ip)
	if err != nil {
		return err
	}
	if n.gate != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.gate:
		}
	}
	reply, err := newSupervisor(n.server, n.token, n.options.Data.Agent("client-kubelet")).join(ctx, id.request, n.pause)
	if err != nil {
		return err
	}
	journal.Milestone("Node certificates received")
	if err := id.accept(reply, apiURL(n.server)); err != nil {
		return err
	}
	if err := waitSocket(ctx, layout.ContainerdSocket); err != nil {
		return err
	}
	if err := n.startKubelet(reply.Cluster); err != nil {
		return err
	}
	n.startProxy(reply.Cluster)
	registered, err := n.watchNodes(ctx, reply.Cluster, images)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-registered:
	}
	journal.Milestone("Node " + n.options.NodeName + " is registered")
	return n.waitKubelet(ctx)
}

// importImages imports the archives there are, says so by closing done, and
// goes on looking for more.
func (n *Node) importImages(ctx context.Context, done chan<- struct{}) {
	if waitSocket(ctx, layout.ContainerdSocket) != nil {
		return
	}
	journal.Milestone("containerd is up")
	i := n.importer()
	i.run(ctx)
	journal.Milestone("Images are imported")
	close(done)
	tick := time.NewTicker(imagesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			i.run(ctx)
		}
	}
}

func (n *Node) waitKubelet(ctx context.Context) error {
	client := http.Client{Timeout: time.Second}
	for {
		response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", healthzPort))
		if err == nil {
			response.Body.Close() //nolint:errcheck // only the status matters
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends kubelet and kube-proxy and then containerd. Pods keep running, as
// with k3s: their shims belong to nobody here; only a shutdown ends them.
func (n *Node) Stop() {
	n.group.Stop(stopGrace, component.Kubelet, component.KubeProxy)
	endPodsAtShutdown()
	n.group.Stop(stopGrace, Containerd)
	os.Remove(layout.ContainerdSocket) //nolint:errcheck // containerd removes it itself when it can
}
