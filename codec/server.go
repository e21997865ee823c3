package codec

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"switchboard/allowance"
)

// Where the server answers. Temporal's UI and CLI are given the address without the last part.
const (
	PathEncode = "/codec/encode"
	PathDecode = "/codec/decode"
)

const (
	// maxBody is above what Temporal takes for one payload (2 MB) in base64.
	maxBody = 4 << 20
	// maxPayloads is far above what a page of the UI shows.
	maxPayloads = 1000
	// refusalBurst and refusalsPerSecond bound what those who may not ask write into our log: a page of the UI asks once
	// for each payload on it.
	refusalBurst      = 20
	refusalsPerSecond = 0.2
)

// ServerConfig is what NewServer needs.
type ServerConfig struct {
	Keys Keys
	// UI is where Temporal's UI is: pages from there may ask, and no others.
	UI string
	// Allow says who asks. A status other than 200 refuses, with a sentence that says what to do.
	Allow  func(r *http.Request) (who string, status int, sentence string)
	Logger *slog.Logger // nowhere if nil
}

// NewServer is the handler of PathEncode and PathDecode: it decrypts payloads for Temporal's UI in an operator's browser,
// and for its CLI. Each time it writes down who it was and how many, and never what.
func NewServer(cfg ServerConfig) (http.Handler, error) {
	var errs []error
	if !cfg.Keys.Any() {
		errs = append(errs, errors.New("the keys are missing"))
	}
	if cfg.Allow == nil {
		errs = append(errs, errors.New("nobody says who may decrypt"))
	}
	u, err := url.Parse(cfg.UI)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		errs = append(errs, errors.New("the UI must be an address such as https://temporal.example.com"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("codec server: %w", err)
	}
	s := &server{
		ServerConfig: cfg, origin: u.Scheme + "://" + strings.ToLower(u.Host), log: cfg.Logger,
		refusals: allowance.New(refusalBurst, refusalsPerSecond),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+PathDecode, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, "payloads decrypted", s.Keys.Decode) })
	mux.HandleFunc("POST "+PathEncode, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, "payloads encrypted", s.Keys.Encode) })
	mux.HandleFunc("OPTIONS "+PathDecode, s.preflight)
	mux.HandleFunc("OPTIONS "+PathEncode, s.preflight)
	return mux, nil
}

type server struct {
	ServerConfig
	origin   string
	log      *slog.Logger
	refusals *allowance.Allowance // that are logged
	unsaid   atomic.Int64         // refusals since the last one that was logged
}

// preflight is asked by a browser before it lets a page of another address ask.
func (s *server) preflight(w http.ResponseWriter, r *http.Request) {
	if !s.fromUI(w, r) {
		refuse(w, http.StatusForbidden, "only pages of Temporal's UI may ask, see SWITCHBOARD_TEMPORAL_UI_URL")
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type, X-Namespace, Authorization, Authorization-Extras")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// fromUI reports whether a page of the UI asks, and tells its browser that it may.
func (s *server) fromUI(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Vary", "Origin")
	if strings.ToLower(r.Header.Get("Origin")) != s.origin {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	return true
}

func (s *server) serve(w http.ResponseWriter, r *http.Request, what string, do func([]*commonpb.Payload) ([]*commonpb.Payload, error)) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	// A browser tells the origin of such a request. Without one it is a program, which has a token and no cookie of ours.
	if fromUI := s.fromUI(w, r); !fromUI && (r.Header.Get("Origin") != "" || r.Header.Get("Authorization") == "") {
		refuse(w, http.StatusForbidden, "only pages of Temporal's UI may ask, see SWITCHBOARD_TEMPORAL_UI_URL; a program sends Authorization: Bearer and a token")
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" || r.Header.Get("Content-Encoding") != "" {
		refuse(w, http.StatusUnsupportedMediaType, "the request must be of type application/json and not compressed")
		return
	}
	who, status, sentence := s.Allow(r)
	if status != http.StatusOK {
		if s.refusals.Take() {
			s.log.WarnContext(r.Context(), "payloads not given out", "route", r.Pattern, "status", status, "not_logged_before", s.unsaid.Swap(0))
		} else {
			s.unsaid.Add(1)
		}
		refuse(w, status, sentence)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, "the request is larger than 4 MB")
		return
	}
	var in commonpb.Payloads
	if err != nil || (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, &in) != nil {
		refuse(w, http.StatusBadRequest, "the request is not a list of payloads in JSON, as Temporal's UI sends it")
		return
	}
	if len(in.GetPayloads()) > maxPayloads {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("there are more than %d payloads", maxPayloads))
		return
	}
	payloads, err := do(in.GetPayloads())
	if err != nil {
		s.log.WarnContext(r.Context(), "payloads cannot be decrypted", "who", who, "how_many", len(in.GetPayloads()), "error", err)
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	out, err := protojson.Marshal(&commonpb.Payloads{Payloads: payloads})
	if err != nil {
		s.log.ErrorContext(r.Context(), "payloads cannot be written as JSON", "who", who, "how_many", len(payloads))
		refuse(w, http.StatusUnprocessableEntity, "the payloads cannot be written as JSON")
		return
	}
	s.log.InfoContext(r.Context(), what, "who", who, "how_many", len(payloads))
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(out) // nobody is left to tell when this fails
}

func refuse(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, sentence+"\n")
}
