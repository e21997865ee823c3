package main

import "testing"

func TestVersionOfABuild(t *testing.T) {
	for _, c := range []struct {
		settings map[string]string
		want     string
	}{
		{nil, ""},
		{map[string]string{"vcs.revision": "0123456789abcdef0123456789abcdef01234567", "vcs.modified": "false"}, "0123456789ab"},
		{map[string]string{"vcs.revision": "0123456789abcdef0123456789abcdef01234567", "vcs.modified": "true"}, "0123456789ab-dirty"},
	} {
		if got := commitVersion(c.settings); got != c.want {
			t.Errorf("%v: got %q, want %q", c.settings, got, c.want)
		}
	}
	if got := shownVersion(); got == "" {
		t.Error("a build without a stamp is shown as nothing at all")
	}
	version = "1.2.3"
	defer func() { version = "" }()
	if got := buildVersion(); got != "1.2.3" {
		t.Errorf("the linker's stamp: got %q", got)
	}
}
