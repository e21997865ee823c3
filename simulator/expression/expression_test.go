package expression

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func attributes(t testing.TB, text string) Attributes {
	t.Helper()
	var a Attributes
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func parsed(t testing.TB, text string) *Expression {
	t.Helper()
	e, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

// The pages of Twilio's documentation that the cases are from.
const (
	usingExpressions = "Using TaskRouter Expressions"
	taskQueue        = "Task Queue resource"
	timeOfDay        = "Time of Day Routing"
	multitasking     = "Multitasking"
	overview         = "Workflows Overview"
	knownAgent       = "Known Agent Routing"
	activityRouting  = "Activity Based Routing"
)

func TestExamplesOfTwiliosPages(t *testing.T) {
	in := attributes(t, `{
		"key": 2, "object": {"param": "pear", "array": ["a","b","c"], "attr": "bar"}, "string_const": "foo",
		"language": "fr", "languages": ["english","spanish"], "skills": ["support"], "skill_rating": 5.1,
		"condition_a": false, "condition_b": true, "type": "ticket", "customer_value": "Silver",
		"tech_support_skill": "6", "activity_name": "High Value Tasks", "number": 3, "list": [1,2],
		"taskrouter": {"currentTime": 830, "currentHour": "08", "currentMin": "30", "dayOfWeek": "Sat"},
		"task": {"required_language": "spanish", "requested_agent": "a7", "worker_sid": "WK1"},
		"worker": {"spoken_languages": ["spanish"], "agent_id": "a7", "sid": "WK1",
			"channel": {"chat": {"available_capacity_percentage": 66, "assigned_tasks": 1}}}
	}`)
	for _, c := range []struct {
		page, text string
		want       bool
	}{
		{usingExpressions, `1 == 1`, true},
		{usingExpressions, `0 != 1`, true},
		{usingExpressions, `"apple" != "orange"`, true},
		{usingExpressions, `key > 1`, true},
		{usingExpressions, `object.param != "apple"`, true},
		{usingExpressions, `language IN ["en", "es"]`, false},
		{usingExpressions, `(condition_a == true) OR (condition_b == true)`, true},
		{usingExpressions, `(language == "en" OR language == "fr") AND skill_rating >= 5.1`, true},
		{usingExpressions, `(skills HAS 'support') AND (languages HAS 'english')`, true},
		{usingExpressions, `customer_value == 'Gold' AND type == 'ticket'`, false},
		{usingExpressions, `1 == 1.0`, true},
		{usingExpressions, `1.00 == 1`, true},
		{usingExpressions, `3.141529 > 3`, true},
		{usingExpressions, `string_const == "foo"`, true},
		{usingExpressions, `"a" IN object.array`, true},
		{usingExpressions, `object.array[2] == "c"`, true},
		{usingExpressions, `object.attr == "bar"`, true},
		{usingExpressions, `object.missing == null`, true},
		{usingExpressions, `string_const CONTAINS "oo"`, true},
		{usingExpressions, `languages HAS "spanish"`, true},
		{usingExpressions, `"french" NOT IN languages`, true},
		{usingExpressions, `languages == "english"`, false}, // a scalar operator on an array
		{usingExpressions, `languages != "english"`, false},
		{usingExpressions, `number HAS 3`, false}, // an array operator on two scalars
		{usingExpressions, `number IN 3`, false},
		{usingExpressions, `number NOT IN 4`, false},
		{taskQueue, `type = "ticket"`, true},
		{taskQueue, `languages >- "spanish"`, true},
		{taskQueue, `language <- ["fr"]`, true},
		{taskQueue, `tech_support_skill > 5`, true}, // of {"tech_support_skill": "6"}
		{taskQueue, `tech_support_skill < 5`, false},
		{timeOfDay, `taskrouter.currentTime > 0800 AND taskrouter.currentTime < 1830`, true},
		{timeOfDay, `taskrouter.currentHour > 8 AND taskrouter.currentHour < 18`, false}, // it is 8
		{timeOfDay, `taskrouter.currentMin > 10 AND taskrouter.currentMin < 50`, true},
		{timeOfDay, "(taskrouter.dayOfWeek IN ['Mon', 'Tue', 'THU'] \n AND taskrouter.currentTime > 800) \n OR \n\t(taskrouter.dayOfWeek = 'Sat' AND taskrouter.currentTime < 1530)", true},
		{multitasking, `worker.channel.chat.available_capacity_percentage == 100`, false},
		{multitasking, `worker.channel.chat.assigned_tasks <= 1`, true},
		{multitasking, `worker.channel.voice.assigned_tasks == 0`, false}, // no such channel: NULL
		{multitasking, `task.worker_sid = worker.sid`, true},
		{overview, `type == 'ticket' AND customer_value IN ['Silver', 'Bronze']`, true},
		{overview, `task.requested_agent==worker.agent_id`, true},
		{overview, `task.required_language IN worker.spoken_languages`, true},
		{knownAgent, `activity_name in ['Generally Available', 'High Value Tasks']`, true},
		{activityRouting, `activity_name contains 'Value'`, true},
	} {
		if got := parsed(t, c.text).Matches(in); got != c.want {
			t.Errorf("%s: %s: got %v, want %v", c.page, c.text, got, c.want)
		}
	}
}

func TestOperators(t *testing.T) {
	in := attributes(t, `{"n":3,"t":"3","name":"Zoë & co","yes":true,"nothing":null,"skills":["uk",7,true,null,["in"],{"k":1}],
		"empty":[],"object":{"k":"v","":"x"},"nested":{"list":[1,{"deep":"yes"},[4,5]]},"名前":"佐藤","$x":1,"_y":2}`)
	for text, want := range map[string]bool{
		// equality: of the same kind only
		`n == 3`: true, `n == 4`: false, `n != 4`: true, `n == t`: false, `n != t`: true, `t == "3"`: true, `t == '3'`: true,
		`yes == true`: true, `yes == TRUE`: true, `yes != false`: true, `yes == 1`: false, `yes == "true"`: false,
		`name == "zoë & co"`: false, `-0 == 0`: true,
		// NULL
		`nothing == null`: true, `missing == null`: true, `missing == nothing`: true, `missing != null`: false, `n != null`: true,
		`missing != "x"`: true, `missing < 1`: false, `missing >= null`: false, `missing CONTAINS "x"`: false,
		`"x" CONTAINS missing`: false, `missing CONTAINS "ul"`: false, `"null" CONTAINS missing`: false, `missing HAS "x"`: false, `"x" IN missing`: false, `NULL == Null`: true,
		// order
		`n > 2`: true, `n > 3`: false, `n >= 3`: true, `n < 3`: false, `n <= 3`: true, `n > -1`: true, `-1.5 < -1.25`: true,
		`"a" < "b"`: true, `"10" < "9"`: true, `t > 2`: true, `2 < t`: true, `t > "20"`: true, `name > 2`: false, `name <= 2`: false, `name < 2`: false, `2 > name`: false, `2 >= name`: false,
		`"" > 0`: false, `"-1" < 0`: true, `"1e3" > 1`: false, `yes > false`: false,
		// CONTAINS: scalars as they read
		`name CONTAINS "& co"`: true, `name CONTAINS ""`: true, `n CONTAINS 3`: true, `12.5 CONTAINS ".5"`: true, `yes CONTAINS "ru"`: true,
		`skills CONTAINS "uk"`: false, `skills CONTAINS "ul"`: false, `"null" CONTAINS skills`: false,
		// lists
		`skills HAS "uk"`: true, `skills HAS "u"`: false, `skills HAS 7`: true, `skills HAS "7"`: false, `skills HAS true`: true,
		`skills HAS null`: true, `skills HAS missing`: true, `skills HAS skills`: false, `empty HAS "uk"`: false, `n HAS 3`: false,
		`"uk" IN skills`: true, `n IN [1, 3]`: true, `n IN []`: false, `n NOT IN []`: true, `n NOT IN [1, 2]`: true, `n NOT IN [3]`: false,
		`t IN [n]`: false, `n IN [missing, n]`: true, `missing IN [nothing]`: true, `["uk"] HAS "uk"`: true, `1 IN [[1]]`: false,
		`skills IN skills`: false, `skills NOT IN skills`: false, `n NOT IN n`: false, `n NOT IN object`: false,
		`missing NOT IN skills`: false, // it has a null
		`[1] == [1]`:            false, `[1] != [1]`: false, `[1] IN [[1]]`: false, `[1] NOT IN [2]`: false,
		// no list at all excludes nobody
		`"x" NOT IN missing`: true, `"x" NOT IN nothing`: true, `missing NOT IN missing`: true, `skills NOT IN missing`: true,
		// objects are not scalars
		`object == null`: false, `object != null`: false, `object HAS "k"`: false, `object.k == "v"`: true,
		// keys
		`nested.list[1].deep == "yes"`: true, `nested.list[2][1] == 5`: true, `nested.list[9] == null`: true, `nested.list.deep == null`: true,
		`n.x == null`: true, `n[0] == null`: true, `object[0] == null`: true, `名前 == "佐藤"`: true, `$x == 1`: true, `_y == 2`: true,
		`object.in == null`: true, `object.null.or == null`: true, `N == null`: true, // keys have a case
		// words in either case, white space anywhere or nowhere
		`n==3and t=="3"`: true, "n\n==\t3 Or 1 == 2": true, `n Not  In [3]`: false, `n in[3]`: true,
		// AND before OR
		`n == 4 OR n == 3 AND yes == false`: false, `(n == 4 OR n == 3) AND yes == true`: true, `n == 3 OR n == 3 AND yes == false`: true,
		`((n == 3))`: true, `(n == 3 AND (yes == true AND (t == "3")))`: true,
		// escapes
		`"a\"b" == 'a"b'`: true, `'it\'s' == "it's"`: true, `"a\\" == 'a\\'`: true, `"\n" == "n"`: true,
		// as written, and read from the left as far as it goes
		`n >-1`: false, `n <-1`: false, // HAS 1 and IN 1
	} {
		if got := parsed(t, text).Matches(in); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		`skill-level > 3`:                   "extraneous input 'evel' expecting OPERATOR", // as measured
		`level 3`:                           "missing OPERATOR at '3'",
		`level`:                             "mismatched input '<EOF>' expecting OPERATOR",
		`a-1 == 2`:                          "extraneous input '-1' expecting OPERATOR",
		`a ! b`:                             "missing OPERATOR at 'b'",
		`(a) == 1`:                          "extraneous input ')' expecting OPERATOR",
		`a AND b == 1`:                      "mismatched input 'AND' expecting OPERATOR",
		`a == 1 level`:                      "extraneous input 'level' expecting <EOF>",
		`a == 1 b == 2`:                     "mismatched input 'b' expecting <EOF>",
		`a == 1)`:                           "extraneous input ')' expecting <EOF>",
		`a == 1 && b = 2`:                   "mismatched input 'b' expecting <EOF>",
		`level == `:                         "mismatched input '<EOF>' expecting VALUE",
		`level == == 3`:                     "extraneous input '==' expecting VALUE",
		`level == )`:                        "mismatched input ')' expecting VALUE",
		`a IN [1 2]`:                        "extraneous input '2' expecting {',', ']'}",
		`a IN [1 2, 3]`:                     "extraneous input '2' expecting {',', ']'}",
		`a IN [1 2 3]`:                      "mismatched input '2' expecting {',', ']'}",
		`a IN [1,]`:                         "mismatched input ']' expecting VALUE",
		`a IN [1`:                           "mismatched input '<EOF>' expecting {',', ']'}",
		`a IN [`:                            "mismatched input '<EOF>' expecting VALUE",
		`(a == 1`:                           "missing ')' at '<EOF>'",
		`(a == 1 b == 2)`:                   "mismatched input 'b' expecting ')'",
		``:                                  "mismatched input '<EOF>' expecting {'(', VALUE}",
		"\t ":                               "mismatched input '<EOF>' expecting {'(', VALUE}",
		`()`:                                "mismatched input ')' expecting {'(', VALUE}",
		`NOT a == 1`:                        "extraneous input 'NOT' expecting {'(', VALUE}", // no unary NOT
		`a NOT 1`:                           "mismatched input 'NOT' expecting OPERATOR",
		`in == 1`:                           "mismatched input 'in' expecting {'(', VALUE}",
		`a == 1 AND`:                        "mismatched input '<EOF>' expecting {'(', VALUE}",
		`a. == 1`:                           "mismatched input '==' expecting KEY",
		`a..b == 1`:                         "extraneous input '.' expecting KEY",
		`a.1 == 1`:                          "mismatched input '1' expecting KEY",
		`a[x] == 1`:                         "mismatched input 'x' expecting INDEX",
		`a[-1] == 1`:                        "mismatched input '-1' expecting INDEX",
		`a[1.5] == 1`:                       "mismatched input '1.5' expecting INDEX",
		`a[1 == 1`:                          "mismatched input '==' expecting ']'",
		`a[99999999999999999999] == 1`:      "mismatched input '99999999999999999999' expecting INDEX",
		`name == "open`:                     "mismatched input '<EOF>' expecting VALUE", // it takes everything with it
		`a == "` + "x\ny\"" + ` "z"`:        `extraneous input '"z"' expecting <EOF>`,
		"a == 1 \"x\ny\"":                   `extraneous input '"x\ny"' expecting <EOF>`,
		`a == 1 #`:                          "token recognition error at: '#'",
		`a # == 1 ?`:                        "token recognition error at: '#'", // the first
		`a !b == 1`:                         "token recognition error at: '!b'",
		`a NOT HAS 1`:                       "extraneous input 'NOT' expecting OPERATOR",
		"a\u00a0== 1":                       "token recognition error at: '\u00a0'", // a space from a web page
		`a == 1 AND b == 2 & ! c`:           "extraneous input 'c' expecting <EOF>",
		"a == \xff1":                        "token recognition error at: '\xff'",
		`a == .5`:                           "extraneous input '.' expecting VALUE",
		`a == 1.`:                           "extraneous input '.' expecting <EOF>",
		`a == 1` + strings.Repeat("0", 400): "number '1" + strings.Repeat("0", 400) + "' is too large",
		strings.Repeat("(", 101) + `a == 1`: "expression is nested too deeply",
		`a IN ` + strings.Repeat("[", 101):  "expression is nested too deeply",
		`a == "` + strings.Repeat("x", 1<<20) + `"`: "expression is longer than 1048576 bytes",
	} {
		e, err := Parse(text)
		if err == nil || err.Error() != want || e != nil {
			t.Errorf("%.80q: got %v, %v, want %s", text, e, err, want)
		}
	}
}

func TestDeepButNotTooDeep(t *testing.T) {
	text := strings.Repeat("(", 100) + `1 IN [1]` + strings.Repeat(")", 100)
	if _, err := Parse(text); err == nil {
		t.Error("a list inside 100 parentheses: got no error")
	}
	text = strings.Repeat("(", 99) + `1 IN [1]` + strings.Repeat(")", 99)
	if !parsed(t, text).Matches(Attributes{}) {
		t.Error("100 levels: got false")
	}
	// What is opened one after the other is not deep.
	if !parsed(t, strings.Repeat("(1 IN [1]) AND ", 1000)+"1 == 1").Matches(Attributes{}) {
		t.Error("1,000 conditions: got false")
	}
}

func TestString(t *testing.T) {
	for text, want := range map[string]string{
		`a=1 and (b>-2 or c<-['x',"y"])`:        `a == 1 AND (b HAS 2 OR c IN ["x", "y"])`,
		`(a == 1 OR (b == 2 OR c == 3))`:        `a == 1 OR b == 2 OR c == 3`,
		`a == 1 OR (b == 2 AND c == 3)`:         `a == 1 OR b == 2 AND c == 3`,
		`x.in[0].y not in [ ]`:                  `x.in[0].y NOT IN []`,
		`'it"s\\' != 0800.50`:                   `"it\"s\\" != 800.5`,
		`NULL contains TRUE`:                    `null CONTAINS true`,
		`a <= -0.5 AND a >= 1 AND (b < FALSE)`:  `a <= -0.5 AND a >= 1 AND b < false`,
		`100000000000000000000000 > 0.00000001`: `100000000000000000000000 > 0.00000001`,
	} {
		if got := parsed(t, text).String(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestNilMatchesNothing(t *testing.T) {
	var e *Expression
	if e.Matches(Attributes{}) || e.String() != "" {
		t.Error("a nil expression matched, or has a text")
	}
}

// scopes answers its keys by calls, as agents do.
type scopes map[string]func() any

func (s scopes) Lookup(key string) (any, bool) {
	if f, found := s[key]; found {
		return f(), true
	}
	return nil, false
}

func TestScopeInScope(t *testing.T) {
	sid := "WK1"
	worker := scopes{
		"sid":     func() any { return &sid },
		"channel": func() any { return scopes{"voice": func() any { return 2 }} },
		"skills":  func() any { return []any{"uk", "WK1"} },
		"more":    func() any { return map[string]any{"a": 1.0} },
		"strange": func() any { return []string{"uk"} },
	}
	in := scopes{"worker": func() any { return worker }}
	for text, want := range map[string]bool{
		`worker.sid == "WK1"`: true, `"WK1" == worker.sid`: true, `worker.sid != "WK2"`: true, `worker.sid > "WK0"`: true, `worker.sid == worker.sid`: true,
		`worker.sid CONTAINS "1"`: true, `worker.sid IN ["WK1"]`: true, `worker.skills HAS worker.sid`: true, `worker.sid NOT IN worker.skills`: false,
		`worker.channel.voice >= 2`: true, `worker.channel.voice == 2`: true, `2 == worker.channel.voice`: true, `worker.channel.voice IN [2]`: true,
		`worker.channel.voice CONTAINS 2`: true, `worker.channel.voice == "2"`: false, `worker.channel.chat == null`: true, `worker.skills[0] == "uk"`: true,
		`worker.more.a == 1`: true, `worker == null`: false, `worker[0] == null`: true, `task.sid == null`: true, `sid == null`: true,
		`worker.strange == null`: false, `worker.strange != null`: false, `worker.strange HAS "uk"`: false, `worker.strange[0] == null`: true,
	} {
		if got := parsed(t, text).Matches(in); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestPath(t *testing.T) {
	in := attributes(t, `{"task":{"agents":["WK1",null],"none":null}}`)
	for _, c := range []struct {
		text, want string
		null, ok   bool
	}{
		{"task.agents[0]", "WK1", false, true},
		{" task . agents [ 0 ] ", "WK1", false, true},
		{"task.agents[1]", "", true, true},
		{"task.agents[2]", "", true, false},
		{"task.none", "", true, true},
		{"task.missing", "", true, false},
		{"missing", "", true, false},
		{"missing.more[1].still", "", true, false},
		{"task.agents", "", false, true},
	} {
		p, err := ParsePath(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		v, ok := p.Lookup(in)
		if got, _ := Text(v); got != c.want || (v == nil) != c.null || ok != c.ok {
			t.Errorf("%s: got %v, found %v", c.text, v, ok)
		}
		if again, err := ParsePath(p.String()); err != nil || again.String() != p.String() {
			t.Errorf("%s: printed as %s: %v", c.text, p, err)
		}
	}
	for text, want := range map[string]string{
		"":               "mismatched input '<EOF>' expecting KEY",
		"'task.agent'":   "mismatched input ''task.agent'' expecting KEY",
		"task.agent sid": "extraneous input 'sid' expecting <EOF>",
		"agent-sid":      "extraneous input 'id' expecting <EOF>",
		"null":           "mismatched input 'null' expecting KEY",
	} {
		if p, err := ParsePath(text); p != nil || err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v, want %s", text, p, err, want)
		}
	}
}

func TestPaths(t *testing.T) {
	e := parsed(t, `task.a == worker.b[0] AND (c IN ["x", d] OR 1 == 1 OR NULL != task.a)`)
	var got []string
	for _, p := range e.Paths() {
		got = append(got, p.String())
	}
	if want := []string{"task.a", "worker.b[0]", "c", "d", "task.a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if none := (*Expression)(nil).Paths(); none != nil {
		t.Errorf("an expression that is none reads %v", none)
	}
}
