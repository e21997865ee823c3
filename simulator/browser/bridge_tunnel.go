package browser

import (
	"encoding/json"
	"net/http"
	"strings"

	"switchboard/simulator"
)

// tunnelLimit is the largest request that is read. Attributes, the longest parameter, have 4096 characters.
const tunnelLimit = 1 << 20

// serveTunnel carries out a REST request for a page. The SDK calls its JSON a form; the header is not looked at.
func (b *bridge) serveTunnel(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		URL    string                     `json:"url"`
		Method string                     `json:"method"`
		Params map[string]json.RawMessage `json:"params"`
		Token  string                     `json:"token"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, tunnelLimit)).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, `the request must be JSON: {"url", "method", "params", "token"}`)
		return
	}
	token, ok := b.verify(w, asked.Token)
	if !ok {
		return
	}
	status, body := b.sim.Tunnel(simulator.Tunnelled{
		Token: token, Method: strings.ToUpper(asked.Method), Path: asked.URL, Params: asked.Params, IfMatch: r.Header.Get("If-Match"),
	})
	switch {
	case status == 0:
		panic(http.ErrAbortHandler) // a fault: the server breaks the connection, without a stack trace
	case status >= http.StatusBadRequest:
		answer(w, status, body)
	default:
		answer(w, http.StatusOK, map[string]any{"payload": shape(body)})
	}
}
