package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const node = `
---
apiVersion: v1
kind: Node
metadata: {name: pi-1, labels: {kubernetes.io/hostname: pi-1}}
status: {allocatable: {cpu: "1", memory: 1Gi, pods: "10"}}
`

func run(t *testing.T, text string) *Run {
	t.Helper()
	parsed, err := read([]byte(node + text))
	if err != nil {
		t.Fatal(err)
	}
	run, err := schedule(context.Background(), parsed)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func bare(name, memory, more string) string {
	return `
---
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, namespace: default}
spec:
  ` + more + `
  containers: [{name: c, image: i, resources: {limits: {memory: ` + memory + `}}}]
`
}

func TestWhatFitsIsPlacedAndWhatDoesNotIsPendingWithTheReason(t *testing.T) {
	got := run(t, bare("small", "600Mi", "")+bare("large", "500Mi", ""))
	if got.Placement["default/small"] != "pi-1" || len(got.Steps) != 1 {
		t.Errorf("placement %v after %v", got.Placement, got.Steps)
	}
	// The request is the limit: the API server's defaults were applied.
	if why := got.Pending["default/large"]; !strings.Contains(why, "Insufficient memory") {
		t.Errorf("large is pending because %q", why)
	}
}

func TestAPodThatHadToGoIsTold(t *testing.T) {
	got := run(t, bare("low", "600Mi", "")+bare("high", "600Mi", "priority: 1000"))
	if got.Placement["default/high"] != "pi-1" {
		t.Errorf("placement %v", got.Placement)
	}
	if _, pending := got.Pending["default/low"]; !pending {
		t.Errorf("pending %v", got.Pending)
	}
}

func TestAStatefulSetWaitsForEachPodAndDaemonsPassTaintedNodesBy(t *testing.T) {
	got := run(t, `
---
apiVersion: v1
kind: Node
metadata: {name: pi-2}
spec: {taints: [{key: k, effect: NoSchedule}]}
status: {allocatable: {cpu: "1", memory: 1Gi, pods: "10"}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: set, namespace: default}
spec:
  replicas: 3
  selector: {matchLabels: {app: set}}
  template:
    metadata: {labels: {app: set}}
    spec: {containers: [{name: c, image: i, resources: {requests: {memory: 600Mi}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: daemon, namespace: default}
spec:
  selector: {matchLabels: {app: daemon}}
  template:
    metadata: {labels: {app: daemon}}
    spec: {containers: [{name: c, image: i}]}
`)
	if got.Placement["default/set-0"] != "pi-1" || got.Placement["default/daemon-pi-1"] != "pi-1" {
		t.Errorf("placement %v", got.Placement)
	}
	if why := got.Pending["default/set-2"]; !strings.HasPrefix(why, "not created") {
		t.Errorf("set-2: %q", why)
	}
	if len(got.Placement)+len(got.Pending) != 4 {
		t.Errorf("%v and %v", got.Placement, got.Pending)
	}
}

func TestWhereThereIsAChoiceEachNodeHasAScore(t *testing.T) {
	got := run(t, strings.ReplaceAll(node, "pi-1", "pi-2")+bare("one", "100Mi", "")+bare("two", "100Mi", ""))
	for _, step := range got.Steps {
		if len(step.Feasible) != 2 || len(step.Scores) != 2 || step.Scores["pi-1"] == 0 {
			t.Errorf("%+v", step)
		}
	}
	if len(got.Steps) != 2 || got.Steps[0].Node == got.Steps[1].Node {
		t.Errorf("the emptier node is taken: %+v", got.Steps)
	}
}

func TestAnObjectItDoesNotKnowIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "case.yaml")
	text := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := judge(path, 1); err == nil || !strings.Contains(err.Error(), "Secret") {
		t.Errorf("error %v", err)
	}
}
