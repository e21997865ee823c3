package browser

import "net/http"

func (s *Server) serveBridge(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

func (s *Server) serveEars(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
