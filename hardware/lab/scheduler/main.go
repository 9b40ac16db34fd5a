// Command referee runs the real kube-scheduler over cases of nodes and workloads
// and prints what it did, one line of JSON a case.
//
//	referee [-runs N] CASE.yaml...
//
// A case is what `kubectl get -o yaml` prints: nodes, and workloads in their order
// of arrival. The API is client-go's tracker in memory; pods get the defaults of
// the API server; there are no kubelets, so nothing ever starts or ends.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"
)

// Report is what is printed of a case.
type Report struct {
	Case string `json:"case"`
	Runs []Run  `json:"runs"`
}

// Runs of a case at the same time; each has a cluster and a scheduler of its own.
const atOnce = 4

func main() {
	runs := flag.Int("runs", 1, "how often each case is run")
	flag.Parse()
	klog.SetLogger(klog.Logger{}) // what libraries log is no part of a report
	if *runs < 1 || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: referee [-runs N] CASE.yaml...")
		os.Exit(2)
	}
	out := json.NewEncoder(os.Stdout)
	for _, path := range flag.Args() {
		report, err := judge(path, *runs)
		if err == nil {
			err = out.Encode(report)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "referee: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func judge(path string, runs int) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	parsed, err := read(text)
	if err != nil {
		return nil, err
	}
	report := &Report{Case: path, Runs: make([]Run, runs)}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for at := range runs {
		group.Go(func() error {
			run, err := schedule(context.Background(), parsed)
			if err == nil {
				report.Runs[at] = *run
			}
			return err
		})
	}
	return report, group.Wait()
}
