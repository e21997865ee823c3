package config

import (
	"errors"
	"strings"
)

// Deployment is the worker deployment of Temporal's of which this worker is a version: calls that it begins are then its
// own until they end. The zero value means none. The variables are those that Temporal's controller for Kubernetes sets.
type Deployment struct {
	Name    string // not empty: worker versioning is on
	BuildID string
}

func (r *reader) deployment() Deployment {
	const name, build = "TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID"
	d := Deployment{Name: r.optional(name, ""), BuildID: r.optional(build, "")}
	if d.Name == "" && d.BuildID != "" {
		r.wrong(build, "goes with %s, which is missing: without it worker versioning is off", name)
	}
	// The server's own rules, whose answer a worker would only see in its log, again and again.
	if strings.ContainsAny(d.Name, ".:") || strings.HasPrefix(d.Name, "__") {
		r.wrong(name, "must have no dot, no colon and no __ at its beginning, such as switchboard")
	}
	if strings.HasPrefix(d.BuildID, "__") {
		r.wrong(build, "must not begin with __")
	}
	return d
}

// Stamped takes the version of the binary for the build's ID, unless one was given.
func (d Deployment) Stamped(version string) (Deployment, error) {
	if d.Name == "" || d.BuildID != "" {
		return d, nil
	}
	// Two builds that say they are the same would take up each other's calls, which is what versioning is to prevent.
	if version == "" || strings.HasSuffix(version, "-dirty") {
		return d, errors.New("TEMPORAL_WORKER_BUILD_ID is missing: TEMPORAL_DEPLOYMENT_NAME is set, and this binary has no version of its own " +
			"(docker build --build-arg VERSION=…, or a build of a clean commit)")
	}
	d.BuildID = version
	return d, nil
}
