package worker

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// cloud is a server that lists search attributes, has none, and lets nobody add any.
type cloud struct {
	operatorservice.UnimplementedOperatorServiceServer
}

func (cloud) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{}, nil
}

func (cloud) AddSearchAttributes(context.Context, *operatorservice.AddSearchAttributesRequest) (*operatorservice.AddSearchAttributesResponse, error) {
	return nil, status.Error(codes.PermissionDenied, "request unauthorized")
}

// An unregistered attribute stalls calls, so the worker must end, and whoever reads why must know what to add.
func TestSearchAttributesThatMayNotBeAddedAreNamed(t *testing.T) {
	server := grpc.NewServer()
	operatorservice.RegisterOperatorServiceServer(server, cloud{})
	workflowservice.RegisterWorkflowServiceServer(server, workflowservice.UnimplementedWorkflowServiceServer{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { server.Stop(); <-served }()
	c, err := client.NewLazyClient(client.Options{HostPort: listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = addSearchAttributes(ctx, c, "calls.a1b2c")
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"CallStage=Keyword", "CallOutcome=Keyword", "CallAttempt=Int", "Temporal Cloud", "request unauthorized"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}
