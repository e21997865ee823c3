package simulator

import (
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// codeUse is a place in our sources where one of Twilio's codes stands with the message it comes with;
// an empty message is one that is put together somewhere else.
type codeUse struct {
	code    int
	message string
	at      gotoken.Position
}

var codeInText = regexp.MustCompile(`^(\d{5}) (.*)`)

// usedCodes reads the codes in our sources: what is passed to refuse, alert and address, and texts that
// begin with a code.
func usedCodes(t *testing.T) (uses []codeUse) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := gotoken.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := goparser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		uses = append(uses, usedIn(file, files)...)
	}
	return uses
}

func usedIn(file *ast.File, files *gotoken.FileSet) []codeUse {
	var uses []codeUse
	ast.Inspect(file, func(n ast.Node) bool {
		if text, is := n.(*ast.BasicLit); is && text.Kind == gotoken.STRING {
			if plain, err := strconv.Unquote(text.Value); err == nil {
				if found := codeInText.FindStringSubmatch(plain); found != nil {
					code, _ := strconv.Atoi(found[1])
					uses = append(uses, codeUse{code, found[2], files.Position(n.Pos())})
				}
			}
		}
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		switch name := calledName(call); name {
		case "refuse", "alert", "address", "cannot":
			for i, arg := range call.Args {
				number, is := arg.(*ast.BasicLit)
				if !is || number.Kind != gotoken.INT || len(number.Value) != 5 {
					continue
				}
				code, _ := strconv.Atoi(number.Value)
				use := codeUse{code: code, at: files.Position(n.Pos())}
				if name != "address" && i+1 < len(call.Args) {
					use.message = literalPart(call.Args[i+1])
				}
				uses = append(uses, use)
			}
		}
		return true
	})
	return uses
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// literalPart is what a message says whatever is put into it.
func literalPart(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return literalPart(e.X) + literalPart(e.Y)
	}
	return ""
}

func TestEveryCodeIsInTheTable(t *testing.T) {
	uses := usedCodes(t)
	if len(uses) < 40 {
		t.Fatalf("only %d uses of codes found in our sources", len(uses))
	}
	for _, use := range uses {
		c, known := codes[use.code]
		switch {
		case !known:
			t.Errorf("%s: %d is not in the table of codes.go", use.at, use.code)
		case use.message != "" && !strings.Contains(strings.ToLower(use.message), strings.ToLower(c.says)):
			t.Errorf("%s: %d (%s) comes with %q, which does not say %q", use.at, use.code, c.title, use.message, c.says)
		}
	}
	for n, c := range codes {
		if c.title == "" {
			t.Errorf("%d has no title", n)
		}
	}
}
