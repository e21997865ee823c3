package simulator

import (
	"encoding/json"
	"testing"
	"time"
)

func TestAnswersAreWrittenAsByTheStandardLibrary(t *testing.T) {
	for _, v := range []any{
		nil, "", "plain ~", "Zoë <&> \"x\" \\ \n\t\x00\x7f \u2028 \xff", 0, -17, true, false, 2.5, object{}, []object{}, object(nil), []object(nil), []string{"a", "<"},
		object{"b": 1, "a": nil, "<k>": object{"x": []object{{"y": "z"}, {}}}, "when": time.Unix(0, 0).UTC(), "list": []any{1, "&"}, "sub": map[string]string{"u": "v"}},
		[]object{{"a": 1}, {"b": "é"}},
	} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendJSON([]byte("before "), v); string(got) != "before "+string(want) {
			t.Errorf("got  %s\nwant before %s", got, want)
		}
	}
}
