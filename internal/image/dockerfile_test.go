package image

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	stages, err := parse(`# a comment
FROM golang:1 AS source
ENV CGO_ENABLED=0

FROM source AS build
ENV GOFLAGS=-mod=mod
RUN --mount=type=cache,target=/x --mount=type=cache,target=/y \
	go build -o /out/ ./cmd
FROM scratch AS last
COPY --from=build /out/a /out/b /bin/
USER 1:2
ENTRYPOINT ["/bin/a", "b"]
`)
	if err != nil {
		t.Fatal(err)
	}
	if env := environment(stages, "build"); env["CGO_ENABLED"] != "0" || env["GOFLAGS"] != "-mod=mod" {
		t.Errorf("environment: got %v", env)
	}
	if runs := stages["build"].runs; !slices.Equal(runs, []string{"go build -o /out/ ./cmd"}) {
		t.Errorf("runs: got %q", runs)
	}
	last := stages["last"]
	if c := last.copies[0]; c.from != "build" || c.to != "/bin/" || !slices.Equal(c.files, []string{"/out/a", "/out/b"}) {
		t.Errorf("copies: got %+v", c)
	}
	if last.base != "scratch" || last.user != "1:2" || !slices.Equal(last.entrypoint, []string{"/bin/a", "b"}) {
		t.Errorf("got %+v", last)
	}
}

func TestWhatIsNotKnownIsAnError(t *testing.T) {
	for text, says := range map[string]string{
		"FROM scratch":                               "has no name",
		"COPY a b":                                   "before the first FROM",
		"FROM scratch AS x\nVOLUME /data":            "VOLUME is not known",
		"FROM scratch AS x\nCOPY --chown=1 a b":      "must be",
		"FROM scratch AS x\nENTRYPOINT switchboard":  "invalid character",
		"FROM scratch AS x\nENV CGO_ENABLED 0":       "NAME=value",
		"FROM scratch AS x\nHEALTHCHECK CMD wget -q": "HEALTHCHECK is not known",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", text, err, says)
		}
	}
}
