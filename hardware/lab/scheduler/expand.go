package main

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/daemon/util"
)

// copies are the pods of a template, numbered from 0. A ReplicaSet's have random
// names in reality; the scheduler does not look at names.
func copies(
	owner metav1.Object, kind string, replicas *int32, template corev1.PodTemplateSpec,
) []*corev1.Pod {
	number := int32(1)
	if replicas != nil {
		number = *replicas
	}
	var pods []*corev1.Pod
	for ordinal := range number {
		pods = append(pods, made(owner, kind, fmt.Sprint(ordinal), template))
	}
	return pods
}

// daemons are the pods of a DaemonSet: which nodes get one is decided by the real
// controller's own rule.
func daemons(set *appsv1.DaemonSet, nodes []*corev1.Node) ([]*corev1.Pod, error) {
	var pods []*corev1.Pod
	for _, node := range nodes {
		if should, _ := daemon.NodeShouldRunDaemonPod(klog.Background(), node, set); !should {
			continue
		}
		pod := made(set, "DaemonSet", node.Name, set.Spec.Template)
		pod.Spec.Affinity = util.ReplaceDaemonSetPodNodeNameNodeAffinity(pod.Spec.Affinity, node.Name)
		util.AddOrUpdateDaemonPodTolerations(&pod.Spec)
		pods = append(pods, pod)
	}
	return pods, nil
}

func made(
	owner metav1.Object, kind, suffix string, template corev1.PodTemplateSpec,
) *corev1.Pod {
	controller := true
	template = *template.DeepCopy()
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: owner.GetNamespace(),
			Name:      owner.GetName() + "-" + suffix,
			Labels:    template.Labels,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: appsv1.SchemeGroupVersion.String(),
				Kind:       kind,
				Name:       owner.GetName(),
				Controller: &controller,
			}},
		},
		Spec: template.Spec,
	}
}
