package provision

import (
	"fmt"
	"regexp"
	"slices"
)

// Environment is one copy of the centre. Each has an account of its own, so that no test rings where customers are and
// no two developers answer each other's calls.
type Environment struct {
	Name      string
	Developer string // "": the system's own
}

// The environments: each developer has those of the first kind, the system those of the second. For six developers that
// is 3 × 6 + 3 = 21 accounts.
var (
	developers = []string{"dev", "test", "integration"}
	systems    = []string{"integration", "staging", Production}
)

// Production is the environment with real callers.
const Production = "production"

// A name without dashes cannot make two environments' accounts be called the same.
var developerName = regexp.MustCompile(`^[a-z][a-z0-9]{0,30}$`)

// ValidDeveloper reports whether a developer can be called so.
func ValidDeveloper(name string) bool { return developerName.MatchString(name) }

// NewEnvironment checks that there can be such an environment.
func NewEnvironment(name, developer string) (Environment, error) {
	e := Environment{name, developer}
	personal, system := slices.Contains(developers, name), slices.Contains(systems, name)
	switch {
	case !personal && !system:
		return e, fmt.Errorf("there is no environment %q: it is one of dev, test, integration, staging, production", name)
	case developer == "" && !system:
		return e, fmt.Errorf("environment %s belongs to a developer: say whose with -developer", name)
	case developer != "" && !personal:
		return e, fmt.Errorf("environment %s is the system's: it has no -developer", name)
	case developer != "" && !ValidDeveloper(developer):
		return e, fmt.Errorf("-developer %q: a name of small letters and digits, beginning with a letter", developer)
	}
	return e, nil
}

// Environments are all that a team has.
func Environments(team []string) (all []Environment) {
	for _, name := range developers {
		for _, developer := range team {
			all = append(all, Environment{name, developer})
		}
	}
	for _, name := range systems {
		all = append(all, Environment{Name: name})
	}
	return all
}

// String is the short name: dev-alice, production.
func (e Environment) String() string {
	if e.Developer == "" {
		return e.Name
	}
	return e.Name + "-" + e.Developer
}

// Account is the friendly name of its account, by which it is found.
func (e Environment) Account() string { return "switchboard-" + e.String() }

// Tests reports whether nobody but testers may be rung there.
func (e Environment) Tests() bool { return slices.Contains(developers, e.Name) }
