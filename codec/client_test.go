package codec

import (
	"errors"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"
)

func options(k Keys) client.Options {
	var o client.Options
	Options(&o, k)
	return o
}

func TestErrorsAreEncryptedToo(t *testing.T) {
	o := options(keys(t, "a:"+key(1)))
	f := o.FailureConverter.ErrorToFailure(temporal.NewApplicationError("cannot ring "+secret, "NotNow", secret))
	raw, _ := proto.Marshal(f)
	if strings.Contains(string(raw), "Bloggs") || !strings.Contains(string(raw), "NotNow") {
		t.Errorf("got %q, want the type alone", raw)
	}
	back, ok := errors.AsType[*temporal.ApplicationError](o.FailureConverter.FailureToError(f))
	if !ok || back.Message() != "cannot ring "+secret {
		t.Errorf("got %v", back)
	}
}

func TestWithoutKeysNothingChanges(t *testing.T) {
	o := options(Keys{})
	p, err := o.DataConverter.ToPayload(secret)
	if err != nil || !proto.Equal(p, payload(t, secret)) {
		t.Errorf("got %v, %v", p, err)
	}
	f := o.FailureConverter.ErrorToFailure(errors.New("in the clear"))
	if f.Message != "in the clear" {
		t.Errorf("got %v", f)
	}
	var text string
	err = o.DataConverter.FromPayload(encrypted(t, keys(t, "a:"+key(1)), secret), &text)
	if err == nil || !strings.Contains(err.Error(), `the key "a"`) {
		t.Errorf("got %v, want the key that is missing", err)
	}
}

// A worker with the wrong keys must not fail the call: the panic is a workflow task's failure, which Temporal repeats.
func TestAWorkflowDoesNotGoOnWithWhatItCannotRead(t *testing.T) {
	right, wrong := keys(t, "a:"+key(1)), keys(t, "b:"+key(2))
	dc, ok := options(wrong).DataConverter.(converter.ContextAware)
	if !ok {
		t.Fatal("the converter does not know a workflow from a client")
	}
	input := &commonpb.Payloads{Payloads: []*commonpb.Payload{encrypted(t, right, secret)}}
	var text string
	func() {
		defer func() {
			if p := recover(); p == nil || !strings.Contains(p.(string), `the key "a"`) || strings.Contains(p.(string), "Bloggs") {
				t.Errorf("in a workflow: got the panic %v", p)
			}
		}()
		_ = dc.WithWorkflowContext(nil).FromPayloads(input, &text)
	}()
	if err := dc.WithContext(t.Context()).FromPayloads(input, &text); err == nil {
		t.Error("in an activity: no error")
	}
}

// mixed encrypts as those who started the call did, and decrypts as a worker that lacks their key.
type mixed struct{ theirs, ours Keys }

func (m mixed) Encode(p []*commonpb.Payload) ([]*commonpb.Payload, error) { return m.theirs.Encode(p) }
func (m mixed) Decode(p []*commonpb.Payload) ([]*commonpb.Payload, error) { return m.ours.Decode(p) }

func TestTheSDKAsksInTheWorkflowsContext(t *testing.T) {
	c := mixed{keys(t, "a:"+key(1)), keys(t, "b:"+key(2))}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetDataConverter(dataConverter{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c), c})
	env.RegisterWorkflow(echoes)
	env.ExecuteWorkflow(echoes, secret)
	err := env.GetWorkflowError()
	if err == nil || !strings.Contains(err.Error(), "this worker cannot go on with the call") {
		t.Errorf("got %v, want the panic", err)
	}
}

func echoes(_ workflow.Context, text string) (string, error) { return text, nil }
