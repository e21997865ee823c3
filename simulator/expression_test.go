package simulator

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestExpressionLanguage(t *testing.T) {
	const attributes = `{"level":3,"name":"Zoë & co","skills":["uk","motor"],"vip":true,"nothing":null,
		"nested":{"list":[1,2,{"deep":"yes"}]},"text":"3"}`
	var values map[string]any
	if err := json.Unmarshal([]byte(attributes), &values); err != nil {
		t.Fatal(err)
	}
	in := scope(func(key string) any { return values[key] })
	for text, want := range map[string]bool{
		`1==1`:                     true,
		`level == 3`:               true,
		`level != 3`:               false,
		`level > 2 AND level <= 3`: true,
		`level == 2 OR level == 3`: true,
		`level == 4 OR level == 3 AND vip == false`:  false, // AND binds tighter
		`(level == 4 OR level == 3) and vip == true`: true,
		`level == "3"`:                 false, // a number is not its text
		`text == '3'`:                  true,
		`name CONTAINS "& co"`:         true,
		`name contains "x"`:            false,
		`skills HAS "uk"`:              true,
		`skills HAS "home"`:            false,
		`"uk" IN skills`:               true,
		`"home" in skills`:             false,
		`"home" NOT IN skills`:         true,
		`"uk" not in skills`:           false,
		`level IN [1, 3]`:              true,
		`level NOT IN [1, 2]`:          true,
		`level > -1`:                   true,
		`nested.list[2].deep == "yes"`: true,
		`nested.list[9] == null`:       true,
		`missing == null`:              true,
		`missing != null`:              false,
		`nothing == null`:              true,
		`missing > 1`:                  false,
		`missing < 1`:                  false,
		`missing CONTAINS "x"`:         false,
		`"x" IN missing`:               false,
		`"x" NOT IN missing`:           true, // no list excludes nobody
		`missing NOT IN missing`:       true,
		`missing IN skills`:            false,
		`missing NOT IN skills`:        true,
		`skills == "uk"`:               false, // scalar operator on an array
		`skills != "uk"`:               false,
		`level HAS 3`:                  false, // array operator on two scalars
		`level NOT IN level`:           false,
		`skills IN skills`:             false,
		`(missing == null OR missing IN skills) AND "WK1" NOT IN declined`: true,
	} {
		e, err := parseExpression(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := e.matches(in); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestExpressionsThatCannotBeRead(t *testing.T) {
	for text, complaint := range map[string]string{
		`level`:            "expecting OPERATOR",
		`skill-evel == 1`:  "extraneous input 'evel' expecting OPERATOR", // a hyphen in a key
		`level == `:        "expecting a value",
		`(level == 1`:      "expecting ')'",
		`level == 1 level`: "extraneous input",
		`NOT level == 1`:   "expecting OPERATOR", // no unary NOT
		`name == "open`:    "closing quote",
		`level IN [1 2]`:   "expecting ','",
	} {
		_, err := parseExpression(text)
		if err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: got %v, want a complaint with %q", text, err, complaint)
		}
	}
}
