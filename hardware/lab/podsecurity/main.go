// podsecurity holds the pods of manifests against the Pod Security Standards, by
// the evaluator that kube-apiserver itself has.
//
//	podsecurity LEVEL VERSION <manifests.yaml
//
// It prints a line for each pod that would be refused, "Kind/name: why", then how
// many pods it judged. Status 1 means that one was refused, 2 that it could not
// judge.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// pod is what an object makes pods of.
type pod struct {
	what string
	meta *metav1.ObjectMeta
	spec *corev1.PodSpec
}

func main() {
	refused, err := run(os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "podsecurity:", err)
		os.Exit(2)
	case refused > 0:
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) (int, error) {
	if len(args) != 2 {
		return 0, errors.New("usage: podsecurity LEVEL VERSION <manifests.yaml")
	}
	level, err := api.ParseLevel(args[0])
	if err != nil {
		return 0, err
	}
	version, err := api.ParseVersion(args[1])
	if err != nil {
		return 0, err
	}
	pods, err := read(in)
	if err != nil {
		return 0, err
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return 0, err
	}
	refused := 0
	for _, pod := range pods {
		results := evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: version}, pod.meta, pod.spec)
		if result := policy.AggregateCheckResults(results); !result.Allowed {
			refused++
			fmt.Fprintf(out, "%s: %s\n", pod.what, result.ForbiddenDetail())
		}
	}
	fmt.Fprintf(out, "%d pods\n", len(pods))
	return refused, nil
}

func read(in io.Reader) ([]pod, error) {
	reader := yaml.NewYAMLOrJSONDecoder(in, 4096)
	var pods []pod
	for {
		var raw runtime.RawExtension
		if err := reader.Decode(&raw); errors.Is(err, io.EOF) {
			return pods, nil
		} else if err != nil {
			return nil, err
		}
		if text := bytes.TrimSpace(raw.Raw); len(text) == 0 || string(text) == "null" {
			continue
		}
		found, err := of(raw.Raw)
		if err != nil {
			return nil, err
		}
		if found != nil {
			pods = append(pods, *found)
		}
	}
}

// of gives the pod of an object; nil for one that makes no pods. Kinds that
// Kubernetes does not bring (an ingress controller's) make none.
func of(text []byte) (*pod, error) {
	object, kind, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	made := func(name string, template *corev1.PodTemplateSpec) *pod {
		return &pod{kind.Kind + "/" + name, &template.ObjectMeta, &template.Spec}
	}
	switch object := object.(type) {
	case *corev1.Pod:
		return &pod{kind.Kind + "/" + object.Name, &object.ObjectMeta, &object.Spec}, nil
	case *corev1.PodTemplate:
		return made(object.Name, &object.Template), nil
	case *corev1.ReplicationController:
		if object.Spec.Template == nil {
			return nil, nil
		}
		return made(object.Name, object.Spec.Template), nil
	case *appsv1.DaemonSet:
		return made(object.Name, &object.Spec.Template), nil
	case *appsv1.Deployment:
		return made(object.Name, &object.Spec.Template), nil
	case *appsv1.ReplicaSet:
		return made(object.Name, &object.Spec.Template), nil
	case *appsv1.StatefulSet:
		return made(object.Name, &object.Spec.Template), nil
	case *batchv1.CronJob:
		return made(object.Name, &object.Spec.JobTemplate.Spec.Template), nil
	case *batchv1.Job:
		return made(object.Name, &object.Spec.Template), nil
	}
	return nil, nil
}
