package version

import (
	"regexp"
	"testing"
)

func TestTextIsWhatInstallersParse(t *testing.T) {
	form := regexp.MustCompile(`^k3s version v\d+\.\d+\.\d+\+k3s\d+ \(lab stand-in\)\ngo version go\d+\.\d+(\.\d+)?\S*\n$`)
	if !form.MatchString(Text()) {
		t.Errorf("got %q", Text())
	}
}
