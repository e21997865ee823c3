package simulator

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Transport lets a Go client talk to the simulator without sockets. The host of the URL is kept, so
// api.twilio.com and taskrouter.twilio.com both arrive here. A lost reply is io.ErrUnexpectedEOF.
func (s *Simulator) Transport() http.RoundTripper { return InProcess(s) }

// InProcess lets a Go client, such as the simulator with its webhooks, talk to a handler without sockets.
func InProcess(handler http.Handler) http.RoundTripper { return inProcess{handler} }

type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (res *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.WithContext(r.Context()) // a copy
	in.Host = r.Host
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := &recorder{header: http.Header{}}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			res, err = nil, fmt.Errorf("reply lost: %w", io.ErrUnexpectedEOF)
		default:
			panic(p)
		}
	}()
	t.handler.ServeHTTP(out, in)
	// The client may have given up while we worked: it then sees its own deadline, not our answer.
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return out.response(r), nil
}

// recorder is httptest.ResponseRecorder without the testing package behind it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *recorder) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(bytes.NewReader(w.body.Bytes())),
		ContentLength: int64(w.body.Len()), Request: r,
	}
}
