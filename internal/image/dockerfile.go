// Package image makes the product's image without a container engine: it builds what deploy/Dockerfile says, puts the
// files of its last stage where they belong, and runs the program in them as an engine would, on a root of its own that
// cannot be written to, as the image's user, without privileges.
//
// It is for tests only, and knows no more of Dockerfiles than ours needs: what it does not know is an error, so that a
// change of the Dockerfile cannot go past it. The base images themselves are not looked at.
//
// Start with Build, then Tree.Wrapper.
package image

import (
	"encoding/json"
	"fmt"
	"strings"
)

// stage is one FROM and what follows it.
type stage struct {
	base   string // an image, or another stage
	env    map[string]string
	copies []copied
	runs   []string // shell commands, without their mounts

	user       string
	entrypoint []string
}

// copied is a COPY of files from a stage; "" is the build context.
type copied struct {
	from, to string
	files    []string
}

// parse reads the stages of a Dockerfile by name.
func parse(text string) (map[string]*stage, error) {
	stages := map[string]*stage{}
	var current *stage
	for line := range instructions(text) {
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		if word == "FROM" {
			base, name, named := strings.Cut(rest, " AS ")
			if !named {
				return nil, fmt.Errorf("%q: the stage has no name", line)
			}
			current = &stage{base: base, env: map[string]string{}}
			stages[name] = current
			continue
		}
		if current == nil {
			return nil, fmt.Errorf("%q stands before the first FROM", line)
		}
		if err := current.add(word, rest); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	return stages, nil
}

func (s *stage) add(word, rest string) error {
	switch word {
	case "ENV":
		key, value, ok := strings.Cut(rest, "=")
		if !ok {
			return fmt.Errorf("an ENV must be NAME=value")
		}
		s.env[key] = value
	case "RUN":
		for strings.HasPrefix(rest, "--mount=") {
			_, rest, _ = strings.Cut(rest, " ")
			rest = strings.TrimSpace(rest)
		}
		s.runs = append(s.runs, rest)
	case "COPY":
		var c copied
		fields := strings.Fields(rest)
		if from, ok := strings.CutPrefix(fields[0], "--from="); ok {
			c.from, fields = from, fields[1:]
		}
		if len(fields) < 2 || strings.HasPrefix(fields[0], "--") {
			return fmt.Errorf("a COPY must be [--from=stage] files to")
		}
		c.files, c.to = fields[:len(fields)-1], fields[len(fields)-1]
		s.copies = append(s.copies, c)
	case "USER":
		s.user = rest
	case "ENTRYPOINT":
		return json.Unmarshal([]byte(rest), &s.entrypoint)
	case "ARG", "WORKDIR", "EXPOSE", "CMD":
	default:
		return fmt.Errorf("%s is not known here", word)
	}
	return nil
}

// instructions yields the lines that are not comments, those that end in a backslash joined with the next.
func instructions(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		var whole string
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if begun, more := strings.CutSuffix(line, `\`); more {
				whole += begun + " "
				continue
			}
			if !yield(whole + line) {
				return
			}
			whole = ""
		}
	}
}

// environment is what ENV says in a stage and those it is made of.
func environment(stages map[string]*stage, name string) map[string]string {
	env := map[string]string{}
	for s := stages[name]; s != nil; s = stages[s.base] {
		for key, value := range s.env {
			if _, closer := env[key]; !closer {
				env[key] = value
			}
		}
	}
	return env
}
