package node

import (
	"context"
	"fmt"
	"time"

	"terrarium/lab/k3s/internal/cli"

	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// networkEvery repeats the network's upkeep without an event, so that routes
// somebody removed come back.
const networkEvery = 30 * time.Second

// watchNodes follows the cluster's nodes with kube-proxy's identity, the one
// on a node that may see them all. It keeps the routes, and with the images in
// place the CNI configuration; registered is closed once this node is listed.
func (n *Node) watchNodes(ctx context.Context, c cli.Cluster, images <-chan struct{}) (registered <-chan struct{}, err error) {
	config, err := clientcmd.BuildConfigFromFlags("", n.options.Data.Agent(kubeconfigName("kube-proxy")))
	if err != nil {
		return nil, fmt.Errorf("read kube-proxy's kubeconfig: %w", err)
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make the node's client: %w", err)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	nodes := factory.Core().V1().Nodes()
	changed := make(chan struct{}, 1)
	poke := func() {
		select {
		case changed <- struct{}{}:
		default: // one is pending already
		}
	}
	_, err = nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { poke() },
		UpdateFunc: func(any, any) { poke() },
		DeleteFunc: func(any) { poke() },
	})
	if err != nil {
		return nil, fmt.Errorf("watch the nodes: %w", err)
	}
	factory.Start(ctx.Done())
	listed := make(chan struct{})
	go func() {
		seen, ready := false, false
		tick := time.NewTicker(networkEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-images:
				images, ready = nil, true
			case <-changed:
			case <-tick.C:
			}
			all, err := nodes.Lister().List(labels.Everything())
			if err != nil || len(all) == 0 {
				continue // the cache is not filled yet
			}
			own := find(all, n.options.NodeName)
			if own != nil && !seen {
				seen = true
				close(listed)
			}
			n.upkeep(own, all, c, ready)
		}
	}()
	return listed, nil
}

func (n *Node) upkeep(own *corev1.Node, all []*corev1.Node, c cli.Cluster, ready bool) {
	if err := setRoutes(wantedRoutes(n.options.NodeName, all)); err != nil {
		logrus.Error(err)
	}
	if own == nil || own.Spec.PodCIDR == "" || !ready {
		return
	}
	if err := n.setPodCIDR(own.Spec.PodCIDR, c.PodCIDR); err != nil {
		logrus.Error(err)
	}
}

func find(nodes []*corev1.Node, name string) *corev1.Node {
	for _, node := range nodes {
		if node.Name == name {
			return node
		}
	}
	return nil
}
