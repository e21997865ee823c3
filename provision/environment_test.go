package provision

import "testing"

func TestEnvironmentsThatCanAndCannotBe(t *testing.T) {
	for _, e := range []Environment{{"dev", ""}, {"test", ""}, {"staging", "alice"}, {"production", "alice"}, {"dev", "Alice"}, {"dev", "a-b"}, {"qa", "alice"}} {
		if _, err := NewEnvironment(e.Name, e.Developer); err == nil {
			t.Errorf("%v was taken", e)
		}
	}
	for _, e := range Environments([]string{"alice"}) {
		if _, err := NewEnvironment(e.Name, e.Developer); err != nil {
			t.Error(err)
		}
	}
}
