package server

import (
	"context"
	"fmt"

	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// roleLabel marks the server's node; a kubelet may not set it on itself.
const roleLabel = "node-role.kubernetes.io/control-plane"

// followNodes marks the server's own node and forgets the password of every
// node that is deleted, until ctx ends.
func followNodes(ctx context.Context, client kubernetes.Interface, own string) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	mark := func(object any) {
		node, ok := object.(*corev1.Node)
		if !ok || node.Name != own || node.Labels[roleLabel] == "true" {
			return
		}
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:"true"}}}`, roleLabel)
		if _, err := client.CoreV1().Nodes().Patch(ctx, own, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			logrus.Errorf("Unable to mark node %s as a server: %v", own, err)
		}
	}
	_, err := factory.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    mark,
		UpdateFunc: func(_, object any) { mark(object) },
		DeleteFunc: func(object any) {
			key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object)
			if err == nil {
				err = forgetPassword(ctx, client, key)
			}
			if err != nil {
				logrus.Error(err)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("watch the nodes: %w", err)
	}
	factory.Start(ctx.Done())
	return nil
}
