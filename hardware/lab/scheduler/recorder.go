package main

import (
	"context"
	"sort"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	fwk "k8s.io/kube-scheduler/framework"
)

// Step is one pod given a node.
type Step struct {
	Pod  string `json:"pod"`
	Node string `json:"node"`
	// The nodes that passed the filters.
	Feasible []string `json:"feasible"`
	// What they scored in all, where there was a choice.
	Scores map[string]int64 `json:"scores"`
}

// recorder is a plugin which sees each scheduling cycle, and changes nothing:
// cycles run one after the other, so its order is the order of decisions, which
// that of bindings is not.
type recorder struct {
	lock     sync.Mutex
	steps    []Step
	feasible map[string][]string
	scores   map[string]map[string]int64
}

func newRecorder() *recorder {
	return &recorder{feasible: map[string][]string{}, scores: map[string]map[string]int64{}}
}

func (r *recorder) scored(pod, node string, score int64) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.scores[pod] == nil {
		r.scores[pod] = map[string]int64{}
	}
	r.scores[pod][node] = score
}

const recorderName = "Recorder"

func (*recorder) Name() string { return recorderName }

func (r *recorder) build(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
	return r, nil
}

// PreScore is called where there is a choice.
func (r *recorder) PreScore(
	_ context.Context, _ fwk.CycleState, pod *corev1.Pod, nodes []fwk.NodeInfo,
) *fwk.Status {
	var names []string
	for _, node := range nodes {
		names = append(names, node.Node().Name)
	}
	sort.Strings(names)
	r.lock.Lock()
	defer r.lock.Unlock()
	r.feasible[key(pod)] = names
	return nil
}

func (r *recorder) Reserve(
	_ context.Context, _ fwk.CycleState, pod *corev1.Pod, node string,
) *fwk.Status {
	r.lock.Lock()
	defer r.lock.Unlock()
	feasible := r.feasible[key(pod)]
	delete(r.feasible, key(pod))
	scores := r.scores[key(pod)]
	delete(r.scores, key(pod))
	if feasible == nil {
		feasible = []string{node}
		scores = map[string]int64{}
	}
	r.steps = append(r.steps, Step{Pod: key(pod), Node: node, Feasible: feasible, Scores: scores})
	return nil
}

// Unreserve takes back a step that did not hold.
func (r *recorder) Unreserve(_ context.Context, _ fwk.CycleState, pod *corev1.Pod, _ string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for at := len(r.steps) - 1; at >= 0; at-- {
		if r.steps[at].Pod == key(pod) {
			r.steps = append(r.steps[:at], r.steps[at+1:]...)
			return
		}
	}
}

func key(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }
