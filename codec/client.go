package codec

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	sb "switchboard"
)

// Options makes a client's options encrypt all it sends, texts and stacks of errors too, and decrypt what it gets.
// Without keys they are left as they are; what others have encrypted is then an error that says so.
func Options(o *client.Options, k Keys) {
	o.DataConverter = dataConverter{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), coder(k)), coder(k)}
	o.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: o.DataConverter, EncodeCommonAttributes: k.Any(),
	})
}

// coder is keys, or none: then nothing is encrypted, and decrypting names the key that is missing.
func coder(k Keys) converter.PayloadCodec {
	if !k.Any() {
		return onlyDecode{k}
	}
	return k
}

type onlyDecode struct{ Keys }

func (onlyDecode) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return payloads, nil
}

// dataConverter is one that does not let a workflow go on with what it cannot read.
//
// Temporal's SDK fails a workflow for good whose input cannot be decoded, and drops a signal: a worker with the wrong
// keys would end every call it gets hold of. In a workflow it panics instead, which fails the workflow task alone, and
// Temporal tries that again until a worker has the key. Activities and clients get an error.
type dataConverter struct {
	converter.DataConverter
	codec converter.PayloadCodec
}

// WithWorkflowContext and WithContext are converter.ContextAware.
func (d dataConverter) WithWorkflowContext(converter.WorkflowContext) converter.DataConverter {
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), insistent{d.codec})
}

func (d dataConverter) WithContext(context.Context) converter.DataConverter { return d.DataConverter }

type insistent struct{ converter.PayloadCodec }

func (i insistent) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out, err := i.PayloadCodec.Decode(payloads)
	if err != nil {
		panic(fmt.Sprintf("this worker cannot go on with the call: %v", err))
	}
	return out, nil
}

// mostLookedAt is how many calls Check reads.
const mostLookedAt = 3

// Check reads the beginnings of some calls that are running, and tells when the keys cannot decrypt one of them: a worker
// without the right key holds calls up, and had better not start.
func Check(ctx context.Context, c client.Client, namespace string, k Keys) error {
	list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: namespace, PageSize: mostLookedAt, Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running'", sb.CallWorkflow),
	})
	if err != nil {
		return fmt.Errorf("look for running calls: %w", err)
	}
	for _, e := range list.GetExecutions() {
		events := c.GetWorkflowHistory(ctx, e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId(), false, 0)
		if !events.HasNext() {
			continue
		}
		first, err := events.Next()
		if err != nil {
			return fmt.Errorf("read the beginning of a running call: %w", err)
		}
		input := first.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()
		if _, err := k.Decode(input); err != nil {
			if _, unknown := errors.AsType[*UnknownKeyError](err); unknown || errors.Is(err, ErrChanged) {
				return fmt.Errorf("a running call (%s) cannot be read: %w", e.GetExecution().GetWorkflowId(), err)
			}
			return err
		}
	}
	return nil
}
