package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

// Run is what one run of a case came to.
type Run struct {
	// Decisions in the order in which they were made.
	Steps []Step `json:"steps"`
	// Where pods are in the end.
	Placement map[string]string `json:"placement"`
	// Pods without a node, and what the scheduler says of them.
	Pending map[string]string `json:"pending"`
	// Pods that were there and had to go for others.
	Preempted []string `json:"preempted"`
}

const (
	// How long nothing may happen before a run with pending pods counts as over.
	quiet = 100 * time.Millisecond
	// A scheduler that places nothing for so long never comes to rest, and neither
	// does one that goes on for longer than the second. Both are far above what a
	// busy machine makes of seconds.
	patience = 5 * time.Minute
	longest  = 30 * time.Minute
)

func schedule(parent context.Context, parsed *Case) (*Run, error) {
	ctx, stop := context.WithTimeout(parent, longest)
	defer stop()
	var objects []runtime.Object
	for _, object := range parsed.Objects {
		objects = append(objects, object.DeepCopyObject())
	}
	client := fake.NewSimpleClientset(objects...)
	client.PrependReactor("create", "pods", bind(client))

	seen := newRecorder()
	ctx = klog.NewContext(ctx, logr.New(scores{seen}))
	profiles, err := profiles()
	if err != nil {
		return nil, err
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	defer broadcaster.Shutdown()
	factory := informers.NewSharedInformerFactory(client, 0)
	program, err := scheduler.New(ctx, client, factory, nil,
		profile.NewRecorderFactory(broadcaster),
		scheduler.WithProfiles(profiles...),
		scheduler.WithFrameworkOutOfTreeRegistry(frameworkruntime.Registry{recorderName: seen.build}))
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := program.WaitForHandlersSync(ctx); err != nil {
		return nil, err
	}
	go program.Run(ctx)

	cluster := &cluster{client: client, factory: factory, program: program, seen: seen}
	if err := cluster.fill(ctx, parsed.Arrivals); err != nil {
		return nil, err
	}
	return cluster.result(parsed.Arrivals)
}

func profiles() ([]config.KubeSchedulerProfile, error) {
	defaults, err := latest.Default()
	if err != nil {
		return nil, err
	}
	for at := range defaults.Profiles {
		plugins := defaults.Profiles[at].Plugins
		ours := config.Plugin{Name: recorderName}
		plugins.PreScore.Enabled = append(plugins.PreScore.Enabled, ours)
		plugins.Reserve.Enabled = append(plugins.Reserve.Enabled, ours)
	}
	return defaults.Profiles, nil
}

// bind does what the API server does with a binding: the pod gets its node.
func bind(client *fake.Clientset) clienttesting.ReactionFunc {
	pods := corev1.SchemeGroupVersion.WithResource("pods")
	return func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetSubresource() != "binding" {
			return false, nil, nil
		}
		binding := action.(clienttesting.CreateAction).GetObject().(*corev1.Binding)
		found, err := client.Tracker().Get(pods, action.GetNamespace(), binding.Name)
		if err != nil {
			return true, nil, err
		}
		pod := found.(*corev1.Pod).DeepCopy()
		pod.Spec.NodeName = binding.Target.Name
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionTrue,
		}}
		return true, binding, client.Tracker().Update(pods, pod, action.GetNamespace())
	}
}

type cluster struct {
	client  *fake.Clientset
	factory informers.SharedInformerFactory
	program *scheduler.Scheduler
	seen    *recorder
	// How many pods were created: each has its own time and identity.
	created int
}

func (c *cluster) create(ctx context.Context, pod *corev1.Pod) error {
	pod = pod.DeepCopy()
	c.created++
	pod.UID = types.UID(fmt.Sprintf("pod-%d", c.created))
	pod.CreationTimestamp = metav1.Now()
	pod.Status.Phase = corev1.PodPending
	_, err := c.client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	return err
}

// fill creates all pods, and again those that are preempted, as their controllers
// would; it returns when the scheduler has nothing left to do.
func (c *cluster) fill(ctx context.Context, arrivals []Arrival) error {
	waiting := map[string]*corev1.Pod{} // by the pod they wait for
	known := map[string]*corev1.Pod{}
	for _, arrival := range arrivals {
		for at, pod := range arrival.Pods {
			if arrival.Chain && at > 0 {
				waiting[key(arrival.Pods[at-1])] = pod
				continue
			}
			known[key(pod)] = pod
			if err := c.create(ctx, pod); err != nil {
				return err
			}
		}
	}
	var since time.Time
	bound, moved := -1, time.Now()
	for {
		pods, err := c.pods()
		if err != nil {
			return err
		}
		changed := false
		for before, pod := range waiting {
			if pods[before] != nil && pods[before].Spec.NodeName != "" {
				delete(waiting, before)
				known[key(pod)] = pod
				changed = true
				if err := c.create(ctx, pod); err != nil {
					return err
				}
			}
		}
		for name, pod := range known {
			if pods[name] == nil && !changed {
				changed = true
				if pod.OwnerReferences == nil {
					delete(known, name) // nobody makes it again
				} else if err := c.create(ctx, pod); err != nil {
					return err
				}
			}
		}
		pending := 0
		for _, pod := range pods {
			if pod.Spec.NodeName == "" {
				pending++
			}
		}
		if !changed && pending == 0 && len(waiting) == 0 {
			return nil
		}
		if now := len(pods) - pending; now != bound {
			bound, moved = now, time.Now()
		}
		if time.Since(moved) > patience {
			return fmt.Errorf("%d pods pending, and the scheduler has placed none for %s", pending, patience)
		}
		switch {
		case changed || c.busy(pods):
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		case time.Since(since) > quiet:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d pods pending, and the scheduler is still at work: %w", pending, ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// busy says whether the scheduler has still something to try.
func (c *cluster) busy(pods map[string]*corev1.Pod) bool {
	queue := c.program.SchedulingQueue
	if len(queue.PodsInActiveQ())+len(queue.PodsInBackoffQ())+len(queue.InFlightPods()) > 0 {
		return true
	}
	cached, err := c.factory.Core().V1().Pods().Lister().List(labels.Everything())
	if err != nil || len(cached) != len(pods) {
		return true
	}
	for _, pod := range cached {
		now := pods[key(pod)]
		if now == nil || now.UID != pod.UID || now.Spec.NodeName != pod.Spec.NodeName {
			return true
		}
	}
	return false
}

func (c *cluster) pods() (map[string]*corev1.Pod, error) {
	list, err := c.client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	pods := map[string]*corev1.Pod{}
	for at := range list.Items {
		pods[key(&list.Items[at])] = &list.Items[at]
	}
	return pods, nil
}

func (c *cluster) result(arrivals []Arrival) (*Run, error) {
	pods, err := c.pods()
	if err != nil {
		return nil, err
	}
	c.seen.lock.Lock()
	defer c.seen.lock.Unlock()
	run := &Run{
		Steps: c.seen.steps, Placement: map[string]string{}, Pending: map[string]string{},
		Preempted: []string{},
	}
	placed := map[string]int{}
	for _, step := range run.Steps {
		placed[step.Pod]++
	}
	for _, arrival := range arrivals {
		for _, wanted := range arrival.Pods {
			name := key(wanted)
			pod := pods[name]
			switch {
			case pod == nil && placed[name] > 0:
				run.Pending[name] = "preempted"
			case pod == nil:
				run.Pending[name] = "not created: the pod before it has no node"
			case pod.Spec.NodeName == "":
				run.Pending[name] = message(pod)
			default:
				run.Placement[name] = pod.Spec.NodeName
				placed[name]--
			}
			if placed[name] > 0 {
				run.Preempted = append(run.Preempted, name)
			}
		}
	}
	return run, nil
}

func message(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled {
			return condition.Message
		}
	}
	return ""
}
