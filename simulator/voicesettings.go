package simulator

import (
	"net/http"
	"strings"
)

// What a number and a TwiML app have in common when they are set up.
//
// Parameters that change no call are stored and returned, so that what sets up a real account runs
// here unchanged: everything about messages, and the papers that a country asks for (address, identity,
// bundle, emergency address), whose SIDs are believed. What would change calls is refused: trunks, fax,
// the lookup of callers' names.

// settings are stored by parameter and returned as they are.
type settings map[string]string

const (
	voiceParameters = "VoiceUrl VoiceMethod VoiceFallbackUrl VoiceFallbackMethod StatusCallback StatusCallbackMethod VoiceCallerIdLookup"
	smsParameters   = "SmsUrl SmsMethod SmsFallbackUrl SmsFallbackMethod"
	papers          = "EmergencyStatus EmergencyAddressSid IdentitySid AddressSid BundleSid"
)

// voiceHandling reads voice settings over those that were there.
func (r *request) voiceHandling(was voiceHandling) voiceHandling {
	now := voiceHandling{
		program:  program{url: r.address("VoiceUrl", was.program.url, 21402), method: r.webMethod("VoiceMethod", was.program.method)},
		fallback: program{url: r.address("VoiceFallbackUrl", was.fallback.url, 21402), method: r.webMethod("VoiceFallbackMethod", was.fallback.method)},
		// The one event that such a callback is about.
		status: callback{url: r.address("StatusCallback", was.status.url, 21609), method: r.webMethod("StatusCallbackMethod", was.status.method),
			events: []string{"completed"}},
	}
	if now.fallback.url != "" && now.program.url == "" {
		r.fail(refuse(400, 21405, "Cannot set VoiceFallbackUrl without setting Url"))
	}
	if r.boolean("VoiceCallerIdLookup", false) {
		r.fail(invalid("VoiceCallerIdLookup is not simulated"))
	}
	if v := r.text("ApiVersion"); v != "" && v != apiVersion {
		r.fail(invalid("ApiVersion %s is not simulated; there is only %s", v, apiVersion))
	}
	return now
}

// apiVersion of calls, the only one.
const apiVersion = "2010-04-01"

// webMethod reads the method of a URL; Twilio's own default is POST.
func (r *request) webMethod(name, or string) string {
	if or == "" {
		or = http.MethodPost
	}
	v := strings.ToUpper(r.textOr(name, or))
	switch v {
	case "":
		return http.MethodPost
	case http.MethodGet, http.MethodPost:
	default:
		r.fail(refuse(400, 21403, "Invalid Method: %s must be GET or POST", name))
	}
	return v
}

// keep reads settings that are only stored, over those that were there.
func (r *request) keep(was settings, names string) settings {
	now := settings{}
	for name, value := range was {
		now[name] = value
	}
	for _, name := range strings.Fields(names) {
		switch {
		case strings.HasSuffix(name, "Method"):
			now[name] = r.webMethod(name, now[name])
		case strings.HasSuffix(name, "Url"), strings.HasSuffix(name, "Callback"):
			now[name] = r.address(name, now[name], 21402)
		default:
			now[name] = r.textOr(name, now[name])
		}
	}
	return now
}

// fields is how a body spells voice settings and the others that numbers and apps share.
func (h voiceHandling) fields(kept settings) object {
	body := object{
		"api_version": apiVersion, "voice_caller_id_lookup": false,
		"voice_url": textOrNull(h.program.url), "voice_method": h.program.method,
		"voice_fallback_url": textOrNull(h.fallback.url), "voice_fallback_method": h.fallback.method,
		"status_callback": h.status.url, "status_callback_method": h.status.method,
	}
	body["sms_url"], body["sms_method"] = kept["SmsUrl"], kept["SmsMethod"]
	body["sms_fallback_url"], body["sms_fallback_method"] = kept["SmsFallbackUrl"], kept["SmsFallbackMethod"]
	return body
}
