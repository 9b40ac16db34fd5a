package main

import (
	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

// scores reads the scheduler's log: only there does it tell what a node scored in
// all. It takes that one message and drops all others.
type scores struct{ seen *recorder }

const finalScore = "Calculated node's final score for pod"

func (scores) Init(logr.RuntimeInfo)            {}
func (scores) Enabled(int) bool                 { return true }
func (scores) Error(error, string, ...any)      {}
func (s scores) WithName(string) logr.LogSink   { return s }
func (s scores) WithValues(...any) logr.LogSink { return s }

func (s scores) Info(_ int, message string, pairs ...any) {
	if message != finalScore {
		return
	}
	var pod, node string
	var score int64
	for at := 0; at+1 < len(pairs); at += 2 {
		switch value := pairs[at+1].(type) {
		case klog.ObjectRef:
			pod = value.String()
		case string:
			node = value
		case int64:
			score = value
		}
	}
	s.seen.scored(pod, node, score)
}
