package main

import (
	"cmp"
	"runtime/debug"
)

// version names the build. deploy/Dockerfile has the linker set it, because git's folder is not in the image's context.
var version string

// buildVersion is that of the linker, else the commit that the go command knows, with -dirty where files were changed;
// empty where nothing is stamped, as with go run.
func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	return commitVersion(settings)
}

func commitVersion(settings map[string]string) string {
	commit := settings["vcs.revision"]
	if commit == "" {
		return ""
	}
	commit = commit[:min(12, len(commit))]
	if settings["vcs.modified"] == "true" {
		commit += "-dirty"
	}
	return commit
}

// shownVersion is for people.
func shownVersion() string { return cmp.Or(buildVersion(), "unknown") }
