package workflows_test

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/workflows"
)

// changes_test.go compiles this file alone, with changed workflows; what other files of the package have is not there.

var moreHistories = flag.String("histories", "", "replay the histories in this `folder` too: files as `temporal workflow show -o json` writes them")

// Calls that were recorded on a real server, by the tests of package e2e, must replay on today's code: calls like them
// are running while it is deployed.
func TestRecordedHistoriesReplay(t *testing.T) {
	for _, name := range append(historyNames(t), moreHistoryNames(t)...) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DisableDeadlockDetection: true})
			if err != nil {
				t.Fatal(err)
			}
			replayer.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow})
			if err := replayer.ReplayWorkflowHistory(nil, readHistory(t, name)); err != nil {
				t.Errorf(`%v

A call that went as this one did would stand still on this code until the code before is back: no step, no hearing of a hang-up.
docs/changing-the-process.md says how to change the process. Recording this history anew would only hide it.`, err)
			}
		})
	}
}

// A step of which there is no recording is one that may be moved without anybody's noticing.
func TestEveryActivityIsInARecording(t *testing.T) {
	recorded := map[string]string{}
	for _, name := range historyNames(t) {
		for _, activity := range scheduled(readHistory(t, name)) {
			recorded[activity] = name
		}
	}
	all := reflect.TypeFor[*activities.Activities]()
	for i := range all.NumMethod() {
		name := all.Method(i).Name
		if name == "Sweep" { // the only one that is no part of a call
			continue
		}
		if recorded[name] == "" {
			t.Errorf("no recorded call has come to %s: record one; docs/changing-the-process.md says how", name)
		}
	}
}

var (
	// anyNumber is how telephone numbers are written here; ofcom's are those that nobody will ever have.
	anyNumber = regexp.MustCompile(`\+\d{6,}`)
	ofcom     = regexp.MustCompile(`^\+447700900\d{3}$|^\+442079460\d{3}$`)
	// anyName are the fields of our JSON that hold the caller's name.
	anyName = regexp.MustCompile(`"name":"([^"]*)"`)
	// machine is what tells of where a history was recorded: a path, an address, somebody's name at it.
	machine = regexp.MustCompile(`/(root|home|tmp|Users|work)/|[\w.-]+@[\w.-]+|"identity": *"[^"]+"`)
)

// Recordings are public: numbers are Ofcom's, the caller is nobody, and nothing tells of the machine.
func TestRecordingsHoldNothingPersonal(t *testing.T) {
	for _, name := range historyNames(t) {
		h := readHistory(t, name)
		payloads, rest := texts(t, h)
		for _, found := range anyName.FindAllStringSubmatch(payloads, -1) {
			if found[1] != "Zoë Example" {
				t.Errorf("%s holds the name %q", name, found[1])
			}
		}
		for _, number := range anyNumber.FindAllString(payloads+rest, -1) {
			if !ofcom.MatchString(number) {
				t.Errorf("%s holds the number %s, which may be somebody's", name, number)
			}
		}
		if found := machine.FindString(payloads + rest); found != "" {
			t.Errorf("%s tells of the machine it was recorded on: %s", name, found)
		}
		for _, e := range h.GetEvents() {
			queue := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue()
			if queue.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY && queue.GetName() != "sticky" {
				t.Errorf("%s tells the name of the machine it was recorded on: %s", name, queue.GetName())
			}
		}
	}
}

// texts are all payloads of a history, decoded, and the rest of it.
func texts(t *testing.T, h *historypb.History) (payloads, rest string) {
	t.Helper()
	h = proto.CloneOf(h)
	err := proxy.VisitPayloads(t.Context(), h, proxy.VisitPayloadsOptions{
		Visitor: func(_ *proxy.VisitPayloadsContext, found []*commonpb.Payload) ([]*commonpb.Payload, error) {
			for _, p := range found {
				payloads += string(p.GetData()) + "\n"
				p.Data = nil
			}
			return found, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return payloads, string(text)
}

// scheduled are the activities of a history, each once.
func scheduled(h *historypb.History) (names []string) {
	for _, e := range h.GetEvents() {
		if name := e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName(); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

const histories = "testdata/histories"

// historyNames are the files of all recordings, by folder.
func historyNames(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(os.DirFS(histories), "*/*.json.gz")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recorded histories (%v): docs/changing-the-process.md says how to record them", err)
	}
	return names
}

func moreHistoryNames(t *testing.T) []string {
	t.Helper()
	if *moreHistories == "" {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(*moreHistories, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("-histories: no *.json in %s, seen from the folder workflows (%v)", *moreHistories, err)
	}
	return names
}

func readHistory(t *testing.T, name string) *historypb.History {
	t.Helper()
	packed := strings.HasSuffix(name, ".gz")
	path := name
	if packed {
		path = filepath.Join(histories, name)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var text io.Reader = file
	if packed {
		if text, err = gzip.NewReader(file); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
	h, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	return h
}
