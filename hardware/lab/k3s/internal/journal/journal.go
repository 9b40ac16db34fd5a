// Package journal is how the daemon speaks to systemd: log lines in k3s'
// format on stderr, readiness over the notify socket, and the stop signal.
package journal

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sirupsen/logrus"
)

var (
	started = time.Now()
	ready   atomic.Bool
)

// Setup selects the text format k3s writes. logrus.Fatal leaves with status 1,
// as k3s does.
func Setup() {
	logrus.SetFormatter(&logrus.TextFormatter{DisableColors: true, TimestampFormat: time.RFC3339})
	logrus.SetOutput(os.Stderr)
}

// UntilSignal returns a context that ends at SIGTERM or SIGINT.
func UntilSignal() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	return ctx
}

// Ready tells systemd, once, that the unit is up.
func Ready() {
	if ready.Swap(true) {
		return
	}
	logrus.Info("k3s is up and running")
	if _, err := daemon.SdNotify(true, daemon.SdNotifyReady); err != nil {
		logrus.Warnf("Unable to notify systemd: %v", err)
	}
}

// Milestone logs a step of the start with the time since the process began,
// so that a slow start can be read from the journal alone.
func Milestone(what string) {
	logrus.Infof("%s (%.1fs after start)", what, time.Since(started).Seconds())
}
