package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.temporal.io/api/workflowservice/v1"

	"switchboard/dev/stack"
)

// The queries that the pages for operators tell people to save are ones that Temporal takes.
func TestOperatorsQueriesAreValid(t *testing.T) {
	var queries []string
	for _, page := range []string{"../docs/operating.md", "../docs/runbook.md"} {
		queries = append(queries, queriesOf(t, page)...)
	}
	if len(queries) < 10 {
		t.Fatalf("only %d queries are found: %q", len(queries), queries)
	}
	ctx, s := start(t, stack.Options{})
	for _, q := range queries {
		_, err := s.TemporalClient().ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: q})
		if err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// aQuery is a text in a page's `code` that compares an attribute of a workflow with something.
var aQuery = regexp.MustCompile("`((?:AND )?(?:WorkflowId|WorkflowType|ExecutionStatus|CallStage|CallOutcome|CallQueue|CallAgent|CallAttempt) (?:=|>|IN) [^`]*)`")

// queriesOf are a page's queries; one that begins with AND goes on behind another.
func queriesOf(t *testing.T, page string) (queries []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range aQuery.FindAllStringSubmatch(string(text), -1) {
		q := m[1]
		if strings.HasPrefix(q, "AND ") {
			q = `WorkflowType = "Call" ` + q
		}
		queries = append(queries, q)
	}
	return queries
}
