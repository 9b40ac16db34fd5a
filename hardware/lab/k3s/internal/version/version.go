// Package version says what this build stands in for.
package version

import (
	"fmt"
	"runtime"
)

// Release is the k3s release stood in for; build.sh sets it at link time.
var Release = "v0.0.0+k3s0"

// Text is what --version prints: k3s' two lines, marked as a stand-in.
func Text() string {
	return fmt.Sprintf("k3s version %s (lab stand-in)\ngo version %s\n", Release, runtime.Version())
}
