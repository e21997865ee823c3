package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"switchboard/codec"
	"switchboard/config"
	"switchboard/events"
)

// authority signs certificates for servers on 127.0.0.1 and for clients, and writes them to files.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.sign(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes NAME.pem and NAME.key.
func (a *authority) sign(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name+".pem", "CERTIFICATE", der)
	a.write(t, name+".key", "PRIVATE KEY", private)
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signed, key
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(a.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// server is the TLS of a server on this machine that asks clients for a certificate of the authority's.
func (a *authority) server(t *testing.T) *tls.Config {
	t.Helper()
	a.sign(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.sign(t, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pair, err := tls.LoadX509KeyPair(a.file("server.pem"), a.file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12}
}

// A managed Kafka: TLS both ways, and a login. Both of kafka-go's ways to the brokers are taken.
func TestKafkaWithTLSAndALogin(t *testing.T) {
	a := newAuthority(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(a.server(t)), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "switchboard", "a password"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	env := map[string]string{
		"KAFKA_BROKERS": strings.Join(cluster.ListenAddrs(), ","), "KAFKA_SASL_USER": "switchboard", "KAFKA_SASL_PASSWORD": "a password",
		"KAFKA_TLS_CA_PATH": a.file("ca.pem"), "KAFKA_TLS_CERT_PATH": a.file("client.pem"), "KAFKA_TLS_KEY_PATH": a.file("client.key"),
		"TWILIO_API_URL": "http://127.0.0.1:8090",
	}
	use := func() error {
		cfg, err := config.LoadIntake(func(key string) (string, bool) { v, ok := env[key]; return v, ok })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		k := kafka(cfg.Kafka, "test")
		if err := k.Check(ctx); err != nil {
			return err
		}
		return events.Topics(ctx, k)
	}
	if err := use(); err != nil {
		t.Fatal(err)
	}
	for _, without := range []string{"KAFKA_TLS_CA_PATH", "KAFKA_SASL_PASSWORD"} {
		kept := env[without]
		env[without] = map[string]string{"KAFKA_SASL_PASSWORD": "another password"}[without]
		if err := use(); err == nil || strings.Contains(err.Error(), "password\"") {
			t.Errorf("with another %s: got %v", without, err)
		}
		env[without] = kept
	}
}

// Temporal Cloud: TLS, and an API key or a certificate of our own, each as Temporal's own variables say.
func TestTemporalWithTLSAndAnAPIKey(t *testing.T) {
	a := newAuthority(t)
	seen := make(chan metadata.MD, 10)
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(a.server(t))), grpc.UnaryInterceptor(
		func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			if md.Get("authorization")[0] != "Bearer the-key" {
				return nil, status.Error(codes.Unauthenticated, "who is there?")
			}
			if info.FullMethod == workflowservice.WorkflowService_CountWorkflowExecutions_FullMethodName {
				seen <- md
			}
			return handle(ctx, req)
		}))
	services := health.NewServer()
	services.SetServingStatus("temporal.api.workflowservice.v1.WorkflowService", healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, services)
	workflowservice.RegisterWorkflowServiceServer(server, workflowservice.UnimplementedWorkflowServiceServer{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { server.Stop(); <-served }()

	for key, value := range map[string]string{
		"TEMPORAL_ADDRESS": listener.Addr().String(), "TEMPORAL_NAMESPACE": "calls.a1b2c", "TEMPORAL_API_KEY": "the-key", "TEMPORAL_CONFIG_FILE": os.DevNull,
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH": a.file("ca.pem"), "TEMPORAL_TLS_CLIENT_CERT_PATH": a.file("client.pem"), "TEMPORAL_TLS_CLIENT_KEY_PATH": a.file("client.key"),
	} {
		t.Setenv(key, value)
	}
	reach := func() error {
		tel, end, err := observe("worker", false, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer end()
		c, namespace, err := dial(slog.New(slog.DiscardHandler), tel, codec.Keys{})
		if err != nil {
			return err
		}
		defer c.Close()
		if namespace != "calls.a1b2c" {
			t.Errorf("namespace: got %q", namespace)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := c.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
			return err
		}
		_, err = c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace})
		if _, ok := errors.AsType[*serviceerror.Unimplemented](err); !ok {
			t.Errorf("a request about calls: got %v from a server that answers none", err)
		}
		return nil
	}
	if err := reach(); err != nil {
		t.Fatal(err)
	}
	if md := <-seen; len(md.Get("temporal-namespace")) == 0 || md.Get("temporal-namespace")[0] != "calls.a1b2c" {
		t.Errorf("the namespace is not sent along, by which Temporal Cloud finds it: %v", md)
	}
	t.Setenv("TEMPORAL_API_KEY", "another-key")
	if err := reach(); err == nil || strings.Contains(err.Error(), "another-key") {
		t.Errorf("with another key: got %v", err)
	}
	t.Setenv("TEMPORAL_API_KEY", "the-key")
	t.Setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", a.file("client.pem"))
	if err := reach(); err == nil {
		t.Error("a server of an unknown authority is believed")
	}
}
