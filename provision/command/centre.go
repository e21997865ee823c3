package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"switchboard/provision"
)

// word is a text of the file that remembers its line. A number that begins with + is one, too.
type word struct {
	text string
	line int
}

func (w *word) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a single word or text is wanted here", node.Line)
	}
	w.text, w.line = strings.TrimSpace(node.Value), node.Line
	return nil
}

// centre is the file that describes the centre, as it is written.
type centre struct {
	Developers []word `yaml:"developers"`
	Skills     []word `yaml:"skills"`
	Statuses   []struct {
		Name      word `yaml:"name"`
		Available bool `yaml:"available"`
	} `yaml:"statuses"`
	Queues []struct {
		Name   word   `yaml:"name"`
		Skills []word `yaml:"skills"`
	} `yaml:"queues"`
	Routing []struct {
		Name   word   `yaml:"name"`
		Skills []word `yaml:"skills"`
		Steps  []struct {
			Queue word `yaml:"queue"`
			For   word `yaml:"for"`
		} `yaml:"steps"`
	} `yaml:"routing"`
	Agents []struct {
		Name   word   `yaml:"name"`
		Email  word   `yaml:"email"`
		Skills []word `yaml:"skills"`
		In     []word `yaml:"in"`
	} `yaml:"agents"`
	Numbers struct {
		CallerIDs map[string]word `yaml:"caller_ids"`
		Buy       struct {
			Country word `yaml:"country"`
			Kind    word `yaml:"kind"`
		} `yaml:"buy"`
		TestPhones []struct {
			Number word `yaml:"number"`
			URL    word `yaml:"url"`
		} `yaml:"test_phones"`
		MayRing []word `yaml:"may_ring"`
	} `yaml:"numbers"`
}

// readCentre reads the file and checks all of it, whatever environment it is for.
func readCentre(path string) (*centre, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: -file names the file that describes the centre; deploy/centre.yaml is an example", path)
	}
	if err != nil {
		return nil, err
	}
	var c centre
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s cannot be understood:\n%s", path, inWords(err))
	}
	k := &checker{names: map[string]map[string]string{}}
	k.check(&c)
	if len(k.problems) > 0 {
		return nil, fmt.Errorf("%s is not right:\n%w", path, errors.Join(k.problems...))
	}
	return &c, nil
}

var unknownField = regexp.MustCompile(`field (\S+) (?:not found in|already set in) type .*`)

// inWords puts the decoder's errors, which name Go's types, into words.
func inWords(err error) string {
	lines := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	if many, ok := errors.AsType[*yaml.TypeError](err); ok {
		lines = nil
		for _, e := range many.Errors {
			if strings.Contains(fmt.Sprint(e), "already set") {
				lines = append(lines, unknownField.ReplaceAllString(fmt.Sprint(e), `"$1" comes twice`))
				continue
			}
			lines = append(lines, unknownField.ReplaceAllString(fmt.Sprint(e), `there is no "$1" here; docs/provisioning.md lists what there is`))
		}
	}
	return "  " + strings.Join(lines, "\n  ")
}

// checker collects what is wrong with a file.
type checker struct {
	names    map[string]map[string]string // what there is, by kind and small letters
	problems []error
}

func (k *checker) wrong(w word, format string, args ...any) {
	where := ""
	if w.line > 0 { // it is there at all
		where = fmt.Sprintf("line %d: ", w.line)
	}
	k.problems = append(k.problems, fmt.Errorf("  %s%s", where, fmt.Sprintf(format, args...)))
}

// name takes a name that is to be the only one of its kind.
func (k *checker) name(kind string, w word) {
	if k.names[kind] == nil {
		k.names[kind] = map[string]string{}
	}
	switch {
	case w.text == "":
		k.problems = append(k.problems, fmt.Errorf("  each of %s needs a name", kind))
	case len([]rune(w.text)) > 64 || strings.ContainsAny(w.text, "\"\\\n"):
		k.wrong(w, "a name of at most 64 characters, without quotes, is wanted in %s", kind)
	case k.names[kind][strings.ToLower(w.text)] != "":
		k.wrong(w, "%q comes twice in %s", w.text, kind)
	}
	k.names[kind][strings.ToLower(w.text)] = w.text
}

// refer checks that a word names something. TaskRouter compares skills to the letter.
func (k *checker) refer(kind string, words ...word) {
	for _, w := range words {
		switch known := k.names[kind][strings.ToLower(w.text)]; known {
		case "":
			k.wrong(w, "%q is not in %s: add it there, or correct the name", w.text, kind)
		case w.text:
		default:
			k.wrong(w, "%q is spelt %q in %s", w.text, known, kind)
		}
	}
}

var (
	e164    = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	country = regexp.MustCompile(`^[A-Z]{2}$`)
)

func (k *checker) number(w word) {
	if !e164.MatchString(w.text) {
		k.wrong(w, "a number in E.164 form is wanted, such as +442079460000")
	}
}

func (k *checker) check(c *centre) {
	for _, d := range c.Developers {
		k.name("developers", d)
		if !provision.ValidDeveloper(d.text) {
			k.wrong(d, "a developer's name is of small letters and digits, beginning with a letter")
		}
	}
	for _, s := range c.Skills {
		k.name("skills", s)
	}
	for _, s := range c.Statuses {
		k.name("statuses", s.Name)
	}
	for _, q := range c.Queues {
		k.name("queues", q.Name)
		k.refer("skills", q.Skills...)
	}
	k.routing(c)
	for _, a := range c.Agents {
		k.name("agents", a.Name)
		if !provision.ValidAgentName(a.Name.text) {
			k.wrong(a.Name, "an agent's name is of letters, digits, dots, dashes and underscores: it is the softphone's address")
		}
		k.refer("skills", a.Skills...)
		for _, e := range a.In {
			if !slices.ContainsFunc(provision.Environments([]string{"x"}), func(known provision.Environment) bool { return known.Name == e.text }) {
				k.wrong(e, "there is no environment %q: dev, test, integration, staging or production", e.text)
			}
		}
	}
	k.numbers(c)
}

func (k *checker) routing(c *centre) {
	if len(c.Routing) > 0 && len(c.Queues) == 0 {
		k.wrong(c.Routing[0].Name, "routing needs queues: describe them under queues")
	}
	for i, rule := range c.Routing {
		k.name("routing", rule.Name)
		k.refer("skills", rule.Skills...)
		last := i == len(c.Routing)-1
		switch {
		case last && len(rule.Skills) > 0:
			k.wrong(rule.Name, "the last rule must have no skills: a call that no rule takes would be dropped")
		case !last && len(rule.Skills) == 0:
			k.wrong(rule.Name, "a rule without skills takes every call: it must be the last")
		case len(rule.Steps) == 0:
			k.wrong(rule.Name, "a rule needs steps, such as: steps: [{queue: Callbacks}]")
		}
		for j, step := range rule.Steps {
			if step.Queue.text == "" {
				k.wrong(rule.Name, "each step needs a queue")
				continue
			}
			k.refer("queues", step.Queue)
			d, err := time.ParseDuration(step.For.text)
			switch final := j == len(rule.Steps)-1; {
			case final && step.For.text != "":
				k.wrong(step.For, "the last step must have no end: the call would be dropped there")
			case !final && (err != nil || d < time.Second):
				k.wrong(step.Queue, "a step that is not the last must say how long it lasts, such as for: 90s")
			}
		}
	}
}

func (k *checker) numbers(c *centre) {
	var known []string
	var team []string
	for _, d := range c.Developers {
		team = append(team, d.text)
	}
	for _, e := range provision.Environments(team) {
		known = append(known, e.String())
	}
	for environment, number := range c.Numbers.CallerIDs {
		k.number(number)
		if !slices.Contains(known, environment) {
			k.wrong(number, "there is no environment %q; it is one of %s", environment, strings.Join(known, ", "))
		}
	}
	if buy := c.Numbers.Buy; buy.Country.text != "" || buy.Kind.text != "" {
		if !country.MatchString(buy.Country.text) {
			k.wrong(buy.Country, "country is two capital letters, such as GB")
		}
		if buy.Kind.text != "local" && buy.Kind.text != "mobile" {
			k.wrong(buy.Kind, "kind is local or mobile")
		}
	}
	for _, n := range c.Numbers.MayRing {
		k.number(word{strings.TrimSuffix(n.text, "*"), n.line})
	}
	for _, p := range c.Numbers.TestPhones {
		k.number(p.Number)
		if !strings.HasPrefix(p.URL.text, "https://") {
			k.wrong(p.Number, "a test phone needs the https url of the TwiML document with which it answers")
		}
	}
}

// workspace is what an environment's workspace shall have.
func (c *centre) workspace(e provision.Environment) provision.Config {
	cfg := provision.Config{Agents: []provision.Agent{}}
	for _, s := range c.Statuses {
		cfg.Statuses = append(cfg.Statuses, provision.Status{Name: s.Name.text, Available: s.Available})
	}
	for _, q := range c.Queues {
		cfg.Queues = append(cfg.Queues, provision.Queue{Name: q.Name.text, Skills: texts(q.Skills)})
	}
	for _, r := range c.Routing {
		rule := provision.Rule{Name: r.Name.text, Skills: texts(r.Skills)}
		for _, s := range r.Steps {
			d, err := time.ParseDuration(s.For.text)
			if err != nil { // the last, as checked
				d = 0
			}
			rule.Steps = append(rule.Steps, provision.Step{Queue: s.Queue.text, For: d})
		}
		cfg.Routing = append(cfg.Routing, rule)
	}
	for _, a := range c.Agents {
		if len(a.In) == 0 || e.Name == "" || slices.Contains(texts(a.In), e.Name) {
			cfg.Agents = append(cfg.Agents, provision.Agent{Name: a.Name.text, Skills: texts(a.Skills), Email: a.Email.text})
		}
	}
	return cfg
}

// numbersOf are those of an environment.
func (c *centre) numbersOf(e provision.Environment) provision.Numbers {
	n := provision.Numbers{
		CallerID: c.Numbers.CallerIDs[e.String()].text, Country: c.Numbers.Buy.Country.text, Mobile: c.Numbers.Buy.Kind.text == "mobile",
	}
	for _, p := range c.Numbers.TestPhones {
		n.TestPhones = append(n.TestPhones, provision.TestPhone{Number: p.Number.text, URL: p.URL.text})
	}
	return n
}

// dialOnly are the only numbers that may be rung in an environment where nobody but testers may: the test phones, and
// people's own.
func (c *centre) dialOnly(e provision.Environment) string {
	if !e.Tests() {
		return ""
	}
	all := texts(c.Numbers.MayRing)
	for _, p := range c.Numbers.TestPhones {
		all = append(all, p.Number.text)
	}
	return strings.Join(all, ",")
}

func texts(words []word) (out []string) {
	for _, w := range words {
		out = append(out, w.text)
	}
	return out
}
