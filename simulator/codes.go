package simulator

import (
	"fmt"

	"switchboard/simulator/twiml"
)

// Levels of the debugger.
const (
	levelError   = "error"
	levelWarning = "warning"
)

// levelNames is how the debugger's webhook spells the levels.
var levelNames = map[string]string{levelError: "Error", levelWarning: "Warning"}

// code is one of Twilio's codes that the simulator uses.
type code struct {
	title string // what it is about, in our words
	level string // in the debugger; "": error
	says  string // in every message that comes with the code; "": its messages differ
}

// codes is every code that the simulator answers or puts in the debugger, from Twilio's published
// catalogue. 20412 is not in the catalogue; it is 20000 and the HTTP status, as Twilio makes others.
var codes = map[int]code{
	11100: {title: "a URL that cannot be used"},
	11200: {title: "no answer, or a bad one, from the software's URL"},
	11205: {title: "no connection to the software's URL, or no answer in time", says: "connection failure"},
	11210: {title: "a host name that is none", says: "bad host name"},
	11215: {title: "a URL that redirects too often", says: "too many redirects"},
	11220: {title: "a certificate that cannot be trusted", says: "handshake"},
	11750: {title: "an answer with TwiML larger than 64 kB", says: "too large"},
	12100: {title: "TwiML that is no XML"},
	12102: {title: "TwiML whose root element is not Response", says: "Response"},
	12200: {title: "TwiML with a verb or attribute that does not belong there", level: levelWarning, says: "Schema validation"},
	12300: {title: "an answer of a type that is neither TwiML nor sound", says: "Invalid Content-Type"},
	13214: {title: "a Dial whose caller ID is no number", says: "callerId"},
	13223: {title: "a Dial to what is no number", says: "Invalid phone number format"},
	13240: {title: "a coach of somebody who is not in the conference", says: "coach"},
	15003: {title: "a status callback answered with an error", level: levelWarning, says: "Warning Response to Callback URL"},
	15004: {title: "a relative URL in TwiML that has no URL itself"},
	16020: {title: "a conference that has as many participants as it may", says: "full"},
	16022: {title: "a conference that does not exist or is over", says: "does not exist or is completed"},
	16024: {title: "a label that cannot be one", says: "Invalid participant label"},
	16025: {title: "a label that another participant has, in TwiML", says: "label is in use"},
	16026: {title: "a label that another participant has", says: "label is in use"},
	20001: {title: "a parameter that is missing, unknown or wrong", level: levelWarning},
	20002: {title: "a friendly name that cannot be one", says: "Invalid FriendlyName"},
	20003: {title: "wrong credentials, or not enough of a permission", says: "Authenticat"},
	20004: {title: "a method that the resource does not have", says: "Method not allowed"},
	20005: {title: "an account that is suspended or closed", says: "not active"},
	20007: {title: "a page larger than 1,000", says: "Page size too large"},
	20009: {title: "deleting what is not over", says: "before it is complete"},
	20404: {title: "a resource that does not exist", says: "not found"},
	20412: {title: "an If-Match that names an older version", says: "Precondition Failed"},
	20413: {title: "a request larger than Twilio reads", says: "Too Large"},
	20429: {title: "too many requests at once", says: "Too Many Requests"},
	20500: {title: "an error inside Twilio", says: "Internal Server Error"},
	20503: {title: "Twilio is not available", says: "unavailable"},
	21201: {title: "a call to nobody", says: "'To'"},
	21205: {title: "a URL that a call cannot run", says: "URL"},
	21210: {title: "a call from a number that the account does not own", says: "not verified"},
	21211: {title: "a call to what is no number", says: "not valid"},
	21212: {title: "a call from what is no number of the account's", says: "source phone number"},
	21213: {title: "a call from nobody", says: "'From'"},
	21218: {title: "a TwiML app that does not exist", says: "ApplicationSid"},
	21220: {title: "changing a call that is not in progress", says: "not in-progress"},
	21262: {title: "detection of machines without a callback for its result", level: levelWarning, says: "AMD status callback"},
	21402: {title: "a URL that a number or app cannot have", says: "URL"},
	21403: {title: "a method that a number or app cannot have", says: "Invalid Method"},
	21405: {title: "a fallback URL without a first", says: "VoiceFallbackUrl"},
	21420: {title: "an app that the account does not have", says: "ApplicationSid"},
	21421: {title: "buying what is no number", says: "invalid"},
	21422: {title: "buying a number that somebody has", says: "not available"},
	21458: {title: "buying a number as another kind than it is", says: "Type Mismatch"},
	21470: {title: "moving a number to what is no account", says: "Invalid AccountSid"},
	21471: {title: "moving a number to an account that does not exist", says: "does not exist"},
	21472: {title: "moving a number to an account that is not active", says: "not active"},
	21473: {title: "moving a number to somebody else's account", says: "not related"},
	21474: {title: "moving a number with a subaccount's credentials", says: "parent"},
	21475: {title: "a status that an account cannot have", says: "invalid Status"},
	21477: {title: "suspending or closing the main account", says: "parent accounts"},
	21479: {title: "opening a closed account", says: "closed"},
	21480: {title: "more than 1,000 subaccounts", says: "maximum number of subaccounts"},
	21609: {title: "a StatusCallback that is no URL", says: "URL"},
	21626: {title: "a StatusCallbackEvent that does not exist", says: "StatusCallbackEvent"},
	40000: {title: "an assignment callback answered without a Content-Type of JSON", says: "Content-Type"},
	40001: {title: "an assignment callback whose answer is no JSON", level: levelWarning},
	40005: {title: "an assignment callback whose answer has no instruction", level: levelWarning, says: "instruction"},
	40100: {title: "a reject that cannot be done", says: "reject"},
	40110: {title: "call without anybody to call", says: "call: to"},
	40111: {title: "call from what is no number of the account's", says: "call: from"},
	40112: {title: "call without a document for the agent", says: "call: url"},
	40113: {title: "call that came to nothing", says: "call: the call"},
	40114: {title: "call for an offer that is over", says: "not currently in a Pending state"},
	40120: {title: "redirect to no document", says: "redirect: url"},
	40121: {title: "redirect of a call that does not exist", says: "redirect: call_sid"},
	40122: {title: "redirect of a call that cannot be", says: "redirect: the call"},
	40123: {title: "redirect for an offer that is over", says: "not currently in a Pending state"},
	40136: {title: "conference for an offer that is over", says: "not currently in a Pending state"},
	40137: {title: "conference without an agent to call", says: "conference: to"},
	40138: {title: "conference from what is no number of the account's", says: "conference: from"},
	40142: {title: "conference without a caller", says: "outbound_to"},
	40143: {title: "conference with a status for afterwards that cannot be", says: "post_work_activity_sid"},
	40145: {title: "conference whose call to the agent failed", says: "conference: the call"},
	40159: {title: "conference with a callback URL that is none", says: "conference: a callback URL"},
	40152: {title: "a known agent who is not in the target's queue", says: "Invalid Queue for Known Worker"},
	40153: {title: "pages by number instead of by the next page's URL", level: levelWarning, says: "Absolute Paging"},
	40154: {title: "a known agent whom the task does not name, or who does not exist", says: "Invalid Known Worker information"},
}

func levelOf(n int) string {
	if level := codes[n].level; level != "" {
		return level
	}
	if _, known := codes[n]; known {
		return levelError
	}
	return twiml.Problem{Code: n}.Level()
}

// moreInfo is Twilio's page about a code.
func moreInfo(n int) string { return fmt.Sprintf("https://www.twilio.com/docs/errors/%d", n) }
