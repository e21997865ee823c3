package features

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// On a real account every call costs money and rings a real telephone. So before anything is done there, it is written
// down what it may cost and whom it may ring, and nothing is done that is not allowed.

// account is what the environment says about a run on a real account.
type account struct {
	page, cookie, kafka   string
	sid, token, workspace string
	agent                 string
	phones                map[string]string // number by behaviour
	estimate, budget      float64           // USD
}

// The variables; all of them are needed.
const (
	envWorld     = "SWITCHBOARD_FEATURES_WORLD"   // real
	envPage      = "SWITCHBOARD_FEATURES_PAGE"    // the agents' page of a deployment that is for tests alone
	envCookie    = "SWITCHBOARD_FEATURES_COOKIE"  // name=value of the session of the agent, who has signed in by hand
	envAgent     = "SWITCHBOARD_FEATURES_AGENT"   // the agent's name in TaskRouter
	envKafka     = "SWITCHBOARD_FEATURES_KAFKA"   // host:port of a broker
	envPhones    = "SWITCHBOARD_FEATURES_PHONES"  // {"is busy": "+44…", …}: Twilio numbers with the documents of simulator/phones
	envAllowed   = "SWITCHBOARD_FEATURES_ALLOWED" // the numbers that may be rung, separated by commas
	envBudget    = "SWITCHBOARD_FEATURES_BUDGET"  // what it may cost, in USD
	envSID       = "TWILIO_ACCOUNT_SID"
	envToken     = "TWILIO_AUTH_TOKEN"
	envWorkspace = "TWILIO_WORKSPACE_SID"
)

// What a call costs at most, in USD: figures above Twilio's list prices for calls within the UK as they were known when
// this was written, not read from Twilio. Look at them again before a large run.
const (
	pricePerMinute = 0.06 // of all legs of a call: browser, telephone, the number that answers, conference
	minutesPerCall = 3    // no scenario talks longer; a minute begun is a minute paid
	pricePerTask   = 0.10
	pricePerCall   = pricePerMinute*minutesPerCall + pricePerTask
)

// readAccount reads what may be done, and refuses what may not: calls is how many the scenarios make, behaviours are
// those of their callers.
func readAccount(env func(string) string, calls int, behaviours []string) (account, error) {
	a := account{
		page: env(envPage), cookie: env(envCookie), kafka: env(envKafka), agent: env(envAgent),
		sid: env(envSID), token: env(envToken), workspace: env(envWorkspace), estimate: float64(calls) * pricePerCall,
	}
	var problems []error
	for _, key := range []string{envPage, envCookie, envAgent, envKafka, envPhones, envAllowed, envBudget, envSID, envToken, envWorkspace} {
		if env(key) == "" {
			problems = append(problems, fmt.Errorf("%s is not set", key))
		}
	}
	if len(problems) > 0 {
		return a, errors.Join(problems...)
	}
	budget, err := strconv.ParseFloat(env(envBudget), 64)
	if err != nil || budget <= 0 {
		return a, fmt.Errorf("%s must be an amount in USD, such as 5", envBudget)
	}
	if a.budget = budget; a.estimate > a.budget {
		return a, fmt.Errorf("%d calls may cost %.2f USD, the budget is %.2f: allow more in %s, or play fewer scenarios", calls, a.estimate, a.budget, envBudget)
	}
	if err := json.Unmarshal([]byte(env(envPhones)), &a.phones); err != nil {
		return a, fmt.Errorf(`%s must be JSON like {"is busy": "+44…"}`, envPhones) // the error would repeat numbers
	}
	allowed := strings.FieldsFunc(env(envAllowed), func(r rune) bool { return r == ',' || r == ' ' })
	for _, behaves := range behaviours {
		switch number := a.phones[behaves]; {
		case number == "":
			problems = append(problems, fmt.Errorf("%s has no number for a caller who %s", envPhones, behaves))
		case !slices.Contains(allowed, number):
			problems = append(problems, fmt.Errorf("the number of the caller who %s is not in %s: it is not rung", behaves, envAllowed))
		}
	}
	return a, errors.Join(problems...)
}

var (
	callerSentence = regexp.MustCompile(`a caller (?:who |whose )(.+)$`)
	callSentence   = regexp.MustCompile(`I receive a call$|a task is created and sent to Twilio$`)
)

// census counts the calls that the scenarios with a tag make, and lists how their callers behave.
func census(feature, tag string) (calls int, behaviours []string) {
	background, inBackground, tagged, playing := []string(nil), false, false, false
	count := func(line string) {
		if callSentence.MatchString(line) {
			calls++
		}
		if m := callerSentence.FindStringSubmatch(line); m != nil && !slices.Contains(behaviours, m[1]) {
			behaviours = append(behaviours, m[1])
		}
	}
	for line := range strings.SplitSeq(feature, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "@"):
			tagged = slices.Contains(strings.Fields(line), tag)
		case strings.HasPrefix(line, "Feature:"):
			background, tagged, playing = nil, false, false // a tag of the whole feature is not for accounts that cost money
		case strings.HasPrefix(line, "Background:"):
			inBackground = true
		case strings.HasPrefix(line, "Scenario"):
			inBackground, playing, tagged = false, tagged, false
			if playing {
				for _, sentence := range background {
					count(sentence)
				}
			}
		case inBackground:
			background = append(background, line)
		case playing:
			count(line)
		}
	}
	return calls, behaviours
}

func allFeatures() (text string, err error) {
	for _, name := range []string{"calls", "offers", "requests", "sound", "pages"} {
		part, err := os.ReadFile(name + ".feature")
		if err != nil {
			return "", err
		}
		text += string(part) + "\n"
	}
	return text, nil
}

func TestWhatARealAccountMayDo(t *testing.T) {
	good := map[string]string{
		envPage: "https://desk.example", envCookie: "session=x", envAgent: "alice", envKafka: "kafka:9092", envBudget: "5",
		envPhones: `{"is busy":"+442079460004","never answers":"+442079460003"}`, envAllowed: "+442079460003, +442079460004",
		envSID: "AC1", envToken: "secret", envWorkspace: "WS1",
	}
	callers := []string{"is busy", "never answers"}
	for _, c := range []struct {
		name, key, value string
		calls            int
		says             string // "": it may be done
	}{
		{"everything is there", "", "", 4, ""},
		{"a variable is missing", envKafka, "", 4, envKafka + " is not set"},
		{"there is no budget", envBudget, "", 4, envBudget + " is not set"},
		{"the budget is no amount", envBudget, "plenty", 4, "must be an amount"},
		{"it costs more than the budget", "", "", 100, "100 calls may cost 28.00 USD, the budget is 5.00"},
		{"a number is not allowed", envAllowed, "+442079460003", 4, "the caller who is busy is not in"},
		{"a caller has no number", envPhones, `{"is busy":"+442079460004"}`, 4, "no number for a caller who never answers"},
		{"the numbers cannot be read", envPhones, "+442079460004", 4, "must be JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAccount(func(key string) string {
				if key == c.key {
					return c.value
				}
				return good[key]
			}, c.calls, callers)
			switch {
			case c.says == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			case err != nil && (strings.Contains(err.Error(), "+44207") || strings.Contains(err.Error(), "secret")):
				t.Errorf("the refusal tells what it should not: %v", err)
			}
		})
	}
	if _, err := readAccount(func(string) string { return "" }, 1, nil); err == nil || strings.Count(err.Error(), "is not set") != 10 {
		t.Errorf("with nothing set: %v; want all ten variables named", err)
	}
}

func TestCensus(t *testing.T) {
	calls, behaviours := census(`@virtual @real
Feature: f
  Background:
    Given a caller who is busy

  @real
  Scenario: one
    When I receive a call
    And I receive a call

  Scenario: not this one
    Given a caller who never answers
    When I receive a call

  @browser @real
  Scenario: two
    Given a caller whose voicemail answers
    When a task is created and sent to Twilio
`, "@real")
	if calls != 3 || !slices.Equal(behaviours, []string{"is busy", "voicemail answers"}) {
		t.Errorf("got %d calls and %q", calls, behaviours)
	}
	text, err := allFeatures()
	if err != nil {
		t.Fatal(err)
	}
	if calls, behaviours := census(text, "@real"); calls < 7 || len(behaviours) < 5 {
		t.Errorf("the features have %d calls and callers who %q: too few to be true", calls, behaviours)
	}
}
