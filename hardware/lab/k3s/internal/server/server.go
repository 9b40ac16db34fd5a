// Package server is the half of k3s that only a server runs: the control plane,
// the endpoint where nodes join, the add-ons, and a node beside them.
package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"terrarium/lab/k3s/internal/child"
	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/component"
	"terrarium/lab/k3s/internal/ingress"
	"terrarium/lab/k3s/internal/journal"
	"terrarium/lab/k3s/internal/node"

	"github.com/sirupsen/logrus"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const stopGrace = 2 * time.Second

// Run runs a server until ctx ends.
func Run(ctx context.Context, o cli.Options) error {
	ip, err := node.Address(o)
	if err != nil {
		return err
	}
	roots, err := openAuthorities(o.Data)
	if err != nil {
		return err
	}
	secrets, err := settleTokens(o.Data, o.Token, o.AgentToken, roots.server.PEM)
	if err != nil {
		return err
	}
	if err := roots.issue(o, ip); err != nil {
		return err
	}
	client, err := adminClient(o)
	if err != nil {
		return err
	}
	s := supervisor{authorities: roots, tokens: secrets, cluster: o.Cluster, client: client, data: o.Data}
	if err := s.listen(ctx); err != nil {
		return err
	}

	// The node's own parts start beside the control plane: containerd and the
	// images need no API.
	api := make(chan struct{})
	own := node.OnServer(o, ip, secrets.agent, api)
	joined := make(chan error, 1)
	go func() { joined <- own.Start(ctx) }()

	var group child.Group
	defer stop(&group, own)
	err = startControlPlane(ctx, &group, o, ip, client)
	if err == nil {
		close(api)
		err = roots.writeKubeconfig(o.Data, "client-admin", o.Kubeconfig, o.KubeconfigMode)
	}
	if err == nil {
		err = serve(ctx, o, client, joined)
	}
	if ctx.Err() != nil {
		return nil // told to stop, maybe while starting
	}
	return err
}

// serve runs what needs an API until ctx ends.
func serve(ctx context.Context, o cli.Options, client kubernetes.Interface, joined <-chan error) error {
	if err := followNodes(ctx, client, o.NodeName); err != nil {
		return err
	}
	leftover, err := writeAddons(o)
	if err != nil {
		return err
	}
	go newDeployer(o.Data).run(ctx, leftover)
	if !slices.Contains(o.Disabled, "traefik") {
		go func() {
			if err := ingress.Run(ctx, client); err != nil {
				logrus.Errorf("No ingress is served: %v", err)
			}
		}()
	}
	if err := <-joined; err != nil {
		return err
	}
	journal.Ready()
	<-ctx.Done()
	return nil
}

// startControlPlane returns when the API server is ready, which includes the
// built-in roles that the controllers and nodes need.
func startControlPlane(ctx context.Context, group *child.Group, o cli.Options, ip netip.Addr, client kubernetes.Interface) error {
	encryption, err := encryptionConfig(o.Data, o.EncryptSecrets)
	if err != nil {
		return err
	}
	for _, dir := range etcdDirs(o.Data) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make etcd's directories: %w", err)
		}
	}
	os.Remove(etcdSocket) //nolint:errcheck // left by a killed etcd; usually absent
	group.Start(etcd(o))
	if err := waitSocket(ctx, etcdSocket); err != nil {
		return err
	}
	journal.Milestone("etcd is up")
	group.Start(apiServer(o, ip, encryption))
	if err := waitReady(ctx, client); err != nil {
		return err
	}
	journal.Milestone("API server is ready")
	group.Start(controllerManager(o))
	group.Start(scheduler(o))
	return nil
}

// stop ends the clients of the API before the API, and etcd last.
func stop(group *child.Group, own *node.Node) {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		own.Stop()
	}()
	group.Stop(stopGrace, component.ControllerManager, component.Scheduler)
	group.Stop(stopGrace, component.APIServer)
	group.Stop(stopGrace, component.Etcd)
	<-stopped
}

func adminClient(o cli.Options) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", o.Data.Server("cred", "admin.kubeconfig"))
	if err != nil {
		return nil, fmt.Errorf("read the administrator's kubeconfig: %w", err)
	}
	// The client's default of 5 requests a second would slow a start down.
	config.QPS, config.Burst = 50, 100
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make the server's client: %w", err)
	}
	return client, nil
}

func waitSocket(ctx context.Context, path string) error {
	return poll(ctx, func() bool {
		connection, err := net.Dial("unix", path)
		if err != nil {
			return false
		}
		connection.Close() //nolint:errcheck // nothing was sent
		return true
	})
}

func waitReady(ctx context.Context, client kubernetes.Interface) error {
	return poll(ctx, func() bool {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil
	})
}

// poll repeats a cheap question until its answer is yes or ctx ends.
func poll(ctx context.Context, done func() bool) error {
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
