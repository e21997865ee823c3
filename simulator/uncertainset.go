package simulator

import (
	_ "embed"
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// uncertainSource is where the meaning of the switches is written down, once.
//
//go:embed uncertain.go
var uncertainSource string

// uncertainValues are the texts that a switch of that kind takes.
var uncertainValues = map[string][]string{
	"EndedWhileRinging": {callCanceled, callNoAnswer, callCompleted},
	"RejectedCall":      {callBusy, callFailed, callNoAnswer},
	"LateLeg":           {"LateLegEnds", "LateLegNewRoom", "LateLegHangUp"}, // in the order of the constants
}

// Set turns one switch: "JoinGap=500ms", "LateLeg=LateLegHangUp", "JoinBeforeAnswer=true", or only
// "JoinBeforeAnswer". Capitals do not matter in its name.
func (u *Uncertain) Set(setting string) error {
	name, value, given := strings.Cut(setting, "=")
	all := reflect.ValueOf(u).Elem()
	field, known := all.Type().FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, name) })
	if !known {
		return fmt.Errorf("there is no uncertainty called %q", name)
	}
	choices := uncertainValues[field.Name]
	if choices != nil && !slices.Contains(choices, value) {
		return fmt.Errorf("%s=%s: use one of %s", field.Name, value, strings.Join(choices, ", "))
	}
	switch into := all.FieldByIndex(field.Index).Addr().Interface().(type) {
	case *bool:
		on, err := strconv.ParseBool(value)
		if given && err != nil {
			return fmt.Errorf("%s=%s: true or false", field.Name, value)
		}
		*into = on || !given
	case *time.Duration:
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return fmt.Errorf("%s=%s: a length of time, such as 500ms", field.Name, value)
		}
		*into = d
	case *string:
		*into = value
		if value == choices[0] {
			*into = "" // the cautious answer is the zero value
		}
	case *LateLeg:
		*into = LateLeg(slices.Index(choices, value))
	}
	return nil
}

// UncertainHelp lists the switches of Uncertain with their meaning.
func UncertainHelp() string {
	file, err := goparser.ParseFile(gotoken.NewFileSet(), "uncertain.go", uncertainSource, goparser.ParseComments)
	if err != nil {
		panic("simulator: " + err.Error()) // it was compiled
	}
	var b strings.Builder
	ast.Inspect(file, func(n ast.Node) bool {
		spec, isType := n.(*ast.TypeSpec)
		if !isType {
			return true
		}
		if fields, isStruct := spec.Type.(*ast.StructType); isStruct && spec.Name.Name == "Uncertain" {
			for _, field := range fields.Fields.List {
				name := field.Names[0].Name
				values := uncertainValues[name]
				if values == nil {
					values = map[string][]string{"bool": {"true", "false"}}[fmt.Sprint(field.Type)]
				}
				if values == nil {
					values = []string{"a length of time, such as 500ms"}
				}
				fmt.Fprintf(&b, "%s (%s)\n", name, strings.Join(values, ", "))
				fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(strings.TrimSpace(field.Doc.Text()), "\n", "\n    "))
			}
		}
		return false
	})
	return b.String()
}
