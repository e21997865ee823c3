package simulator

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestAnswersSayWhatTheStandardLibraryWouldSay(t *testing.T) {
	for _, v := range []any{
		nil, "", "plain ~", "Zoë <&> \"x\" \\ / \n\t\x00\x1f\x7f \u2028 \xff.", 0, -17, true, false, 2.5, object{}, []object{}, []string{"a", "<"},
		object(nil), []object(nil), object{"b": 1, "a": nil, "<\"k": object{"x": []object{{"y": "z"}, {}}}},
		object{"when": time.Unix(0, 0).UTC(), "list": []any{1, "&"}, "sub": map[string]string{"u": "v"}}, []object{{"a": 1}, {"b": "é"}},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		text = appendJSON(nil, v)
		if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads as %#v, %v; want %#v", text, got, err, want)
		}
	}
	if got := string(appendJSON([]byte("x"), object{"b": "1&2", "a": []object{{"z": true}, {}}})); got != `x{"a":[{"z":true},{}],"b":"1&2"}` {
		t.Errorf("got %s", got)
	}
}
