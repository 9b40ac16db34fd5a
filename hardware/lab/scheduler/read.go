package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	corev1defaults "k8s.io/kubernetes/pkg/apis/core/v1"
)

// Case is a cluster before anything is scheduled.
type Case struct {
	// Nodes and what else is there from the start.
	Objects []runtime.Object
	// Workloads in their order of arrival.
	Arrivals []Arrival
}

// Arrival is the pods of one workload. The next one of a chain is only created
// once the one before it has a node, as an OrderedReady StatefulSet does.
type Arrival struct {
	Pods  []*corev1.Pod
	Chain bool
}

func read(text []byte) (*Case, error) {
	reader := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	result := &Case{}
	var workloads []runtime.Object
	for {
		var raw runtime.RawExtension
		if err := reader.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(raw.Raw)) == 0 || string(raw.Raw) == "null" {
			continue
		}
		objects, err := decode(raw.Raw)
		if err != nil {
			return nil, err
		}
		workloads = append(workloads, objects...)
	}
	var nodes []*corev1.Node
	for _, object := range workloads {
		if node, is := object.(*corev1.Node); is {
			nodes = append(nodes, node)
			result.Objects = append(result.Objects, node)
		}
	}
	for _, object := range workloads {
		if err := result.add(object, nodes); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func decode(raw []byte) ([]runtime.Object, error) {
	object, _, err := scheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
	if err != nil {
		return nil, err
	}
	list, is := object.(*corev1.List)
	if !is {
		return []runtime.Object{object}, nil
	}
	var all []runtime.Object
	for _, item := range list.Items {
		objects, err := decode(item.Raw)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	return all, nil
}

// add files one object, and opens a workload into the pods its controller makes.
func (c *Case) add(object runtime.Object, nodes []*corev1.Node) error {
	switch object := object.(type) {
	case *corev1.Node:
	case *corev1.Service:
		c.Objects = append(c.Objects, object)
	case *corev1.Pod:
		c.arrive(false, object)
	case *appsv1.Deployment:
		// The label by which a Deployment tells its ReplicaSets apart.
		hash := map[string]string{"pod-template-hash": "referee"}
		set := &appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: object.Name},
			Spec: appsv1.ReplicaSetSpec{
				Replicas: object.Spec.Replicas,
				Selector: object.Spec.Selector.DeepCopy(),
				Template: *object.Spec.Template.DeepCopy(),
			},
		}
		set.Spec.Selector.MatchLabels = merged(set.Spec.Selector.MatchLabels, hash)
		set.Spec.Template.Labels = merged(set.Spec.Template.Labels, hash)
		c.Objects = append(c.Objects, set)
		c.arrive(false, copies(set, "ReplicaSet", object.Spec.Replicas, set.Spec.Template)...)
	case *appsv1.StatefulSet:
		c.Objects = append(c.Objects, object)
		pods := copies(object, "StatefulSet", object.Spec.Replicas, object.Spec.Template)
		c.arrive(object.Spec.PodManagementPolicy != appsv1.ParallelPodManagement, pods...)
	case *appsv1.DaemonSet:
		pods, err := daemons(object, nodes)
		if err != nil {
			return err
		}
		c.Objects = append(c.Objects, object)
		c.arrive(false, pods...)
	default:
		return fmt.Errorf("%T is no object the referee knows", object)
	}
	return nil
}

func (c *Case) arrive(chain bool, pods ...*corev1.Pod) {
	for _, pod := range pods {
		corev1defaults.SetObjectDefaults_Pod(pod)
		pod.UID = "" // each run gives its own
	}
	c.Arrivals = append(c.Arrivals, Arrival{Pods: pods, Chain: chain})
}

func merged(one, other map[string]string) map[string]string {
	both := map[string]string{}
	for _, labels := range []map[string]string{one, other} {
		for key, value := range labels {
			both[key] = value
		}
	}
	return both
}
