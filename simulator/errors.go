package simulator

import (
	"fmt"
	"net/http"
)

// apiError is an answer of Twilio's that refuses a request (A.1, A.10).
type apiError struct {
	status, code int
	message      string
}

// errorBody is how Twilio spells it, on every product.
func (e *apiError) body() object {
	return object{
		"code": e.code, "message": e.message, "status": e.status,
		"more_info": moreInfo(e.code),
	}
}

func refuse(status, code int, format string, args ...any) *apiError {
	return &apiError{status, code, fmt.Sprintf(format, args...)}
}

// invalid is TaskRouter's catch-all: bad or missing parameter, illegal state, bad expression (A.10).
func invalid(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, 20001, format, args...)
}

func missing(parameter string) *apiError {
	return invalid("Missing required parameter %s in the post body", parameter)
}

func notFound(path string) *apiError {
	return refuse(http.StatusNotFound, 20404, "The requested resource %s was not found", path)
}

func unauthorized() *apiError { return refuse(http.StatusUnauthorized, 20003, "Authenticate") }

func methodNotAllowed() *apiError {
	return refuse(http.StatusMethodNotAllowed, 20004, "Method not allowed")
}

// onlyJSON answers the older API's other formats, which a path without ".json" means too.
func onlyJSON(r route) *apiError {
	return refuse(http.StatusNotFound, 20404, "The requested resource was not found: only JSON is simulated, ask for %s", r.pattern)
}

// preconditionFailed answers an If-Match that names an older version (A.5).
func preconditionFailed() *apiError {
	return refuse(http.StatusPreconditionFailed, 20412, "Precondition Failed")
}

// faultError is the body that goes with an injected status.
func faultError(status int) *apiError {
	switch status {
	case http.StatusBadRequest:
		return invalid("Invalid parameter")
	case http.StatusTooManyRequests:
		return refuse(status, 20429, "Too Many Requests")
	case http.StatusInternalServerError:
		return refuse(status, 20500, "Internal Server Error")
	case http.StatusServiceUnavailable:
		return refuse(status, 20503, "Service unavailable")
	case http.StatusUnauthorized:
		return unauthorized()
	case http.StatusNotFound:
		return refuse(status, 20404, "Not Found")
	}
	return refuse(status, 20000+status, "%s", http.StatusText(status))
}
