package twiml

// The table of what may be in a Response. Attributes are those of twilio-go's generated TwiML and of the
// verb's page; defaults and ranges are the page's (D.2), codes the catalogue's (E). A verb that is not
// simulated is here so that it can be told from a misspelling.
var verbs = map[string]rule{
	"Response": {
		children: []string{"Annotate", "Connect", "Dial", "Echo", "Enqueue", "Gather", "Hangup", "Leave", "Pause", "Pay", "Play",
			"Prompt", "Record", "Redirect", "Refer", "Reject", "Say", "Sms", "Start", "Stop"},
		attrs: attributes{"version": free("2010-04-01")}, // judged by Parse
	},

	"Say": {
		text:     spoken,
		children: ssmlInSay,
		attrs: attributes{
			"voice":    {standard: "man", code: 13511, wants: "man, woman, alice, Polly.… or Google.…", valid: isVoice},
			"language": free("en-US"),
			"loop":     number("1", 13510, 0, noLimit), // 0: 1000 times
		},
		repair: (*checker).repairSay,
	},
	"Play": {
		text: words,
		attrs: attributes{
			"loop":   number("1", 13410, 0, noLimit), // 0: 1000 times
			"digits": keys("", 13430, tones),
		},
		repair: (*checker).repairPlay,
	},
	"Pause":    {attrs: attributes{"length": number("1", 13910, 1, noLimit)}},
	"Redirect": {text: words, attrs: attributes{"method": method(13710)}}, // no text: the same document
	"Hangup":   {children: []string{"Parameter"}},
	"Leave":    {},
	"Reject": {
		children: []string{"Parameter"},
		attrs:    attributes{"reason": oneOf("rejected", 13810, "rejected", "busy")},
	},

	"Gather": {
		children: prompts,
		strange:  13320,
		attrs: attributes{
			"input":                       {standard: "dtmf", code: 13326, wants: "dtmf, speech, or both", valid: isInput},
			"action":                      address, // none: this document again
			"method":                      method(13312),
			"timeout":                     number("5", 13313, 1, noLimit).or("auto"),
			"finishOnKey":                 keys("#", 13310, keypad), // empty: no key
			"numDigits":                   number("", 13314, 1, noLimit),
			"actionOnEmptyResult":         flag("false", 13338),
			"partialResultCallback":       address,
			"partialResultCallbackMethod": method(13329),
			"language":                    free("en-US"), // passed on to the provider (docs)
			"hints":                       free(""),
			"bargeIn":                     flag("true", 13332),
			"profanityFilter":             flag("true", 13333),
			"speechTimeout":               number("", 13327, 1, noLimit).or("auto"), // none: as timeout
			"maxSpeechTime":               number("60", 13328, 1, noLimit),
			"speechModel":                 {standard: "default", code: 13334, wants: "a known model", valid: isSpeechModel},
			"enhanced":                    flag("false", 0),
			"debug":                       flag("false", 0),
		},
		repair: (*checker).repairGather,
	},

	"Record": {
		attrs: join(recording("trim-silence", 13699), attributes{
			"action":             address, // none: this document again
			"method":             method(13610),
			"timeout":            number("5", 13611, 0, noLimit), // 0: none
			"finishOnKey":        keys("1234567890*#", 13613, keypad),
			"maxLength":          number("3600", 13612, 2, 14400), // 4 h, an account's limit unless it asked for more
			"playBeep":           flag("true", 13616),
			"transcribe":         flag("false", 13614),
			"transcribeCallback": callback(13257),
		}),
		repair: (*checker).repairRecord,
	},

	"Dial": {
		text:     words,
		children: []string{"Application", "Client", "Conference", "Number", "Queue", "Sim", "Sip", "WhatsApp"},
		strange:  13215,
		attrs: join(recording("do-not-trim", 0), attributes{
			"action":         address, // none: the next verb
			"method":         method(13210),
			"timeout":        number("30", 13212, 5, 600),
			"timeLimit":      number("14400", 13216, 1, noLimit),
			"callerId":       free(""), // the caller's; whether it is ours to use is not known here (13214)
			"callReason":     free(""),
			"answerOnBridge": flag("false", 13219),
			"hangupOnStar":   flag("false", 13213),
			"sequential":     flag("false", 13218),
			"record": oneOf("do-not-record", 13217, "do-not-record", "record-from-answer", "record-from-ringing",
				"record-from-answer-dual", "record-from-ringing-dual").alias("true", "record-from-answer").alias("false", "do-not-record"),
			"recordingTrack": oneOf("both", 0, "inbound", "outbound", "both"),
			"ringTone": oneOf("", 13220, "at", "au", "bg", "br", "be", "ch", "cl", "cn", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr",
				"hu", "il", "in", "it", "lt", "jp", "mx", "my", "nl", "no", "nz", "ph", "pl", "pt", "ru", "se", "sg", "th", "uk", "us",
				"us-old", "tw", "ve", "za"),
			"referUrl":    address,
			"referMethod": method(0),
			"events":      free(""),
			"passports":   free(""),
		}),
		repair: (*checker).repairDial,
	},

	"Enqueue": {
		text:     words,
		children: []string{"Task"},
		attrs: attributes{
			"action":        address, // none: the next verb
			"method":        method(14201),
			"waitUrl":       address, // none: music; empty: silence
			"waitUrlMethod": method(14206),
			"workflowSid":   free(""),
			"maxQueueSize":  number("", 0, 1, 5000),
		},
		repair: (*checker).repairEnqueue,
	},

	"Annotate": {children: []string{"BillingReferenceTag"}, strange: 13112},
	"Connect": {
		children: []string{"AiSession", "Assistant", "Autopilot", "Conversation", "ConversationRelay", "ConversationRelaySession", "Room",
			"Stream", "VirtualAgent"},
		attrs: attributes{"action": address, "method": method(0)},
	},
	"Echo": {},
	"Pay": {
		children: []string{"Parameter", "Prompt"},
		attrs: attributes{
			"input":                free("dtmf"),
			"action":               address,
			"bankAccountType":      free("consumer-checking"),
			"statusCallback":       address,
			"statusCallbackMethod": method(0),
			"timeout":              number("5", 0, 1, noLimit),
			"maxAttempts":          number("", 0, 1, 3),
			"securityCode":         flag("true", 0),
			"postalCode":           free("true"),
			"minPostalCodeLength":  number("", 0, 1, noLimit),
			"paymentConnector":     free("Default"),
			"paymentMethod":        oneOf("credit-card", 0, "credit-card", "ach-debit"),
			"tokenType":            oneOf("reusable", 0, "one-time", "reusable", "payment-method"),
			"chargeAmount":         free(""),
			"currency":             free("usd"),
			"description":          free(""),
			"validCardTypes":       free("visa mastercard amex"),
			"language":             free("en-us"),
		},
	},
	"Prompt": {
		children: prompts,
		attrs: attributes{"for": free(""), "errorType": free(""), "cardType": free(""), "attempt": free(""),
			"requireMatchingInputs": flag("false", 0)},
	},
	"Refer": {children: []string{"Sip"}, attrs: attributes{"action": address, "method": method(0)}},
	"Sms": {
		text: verbatim,
		attrs: attributes{"to": free(""), "from": free(""), "action": address, "method": method(14104),
			"statusCallback": callback(14105)},
	},
	"Start": {children: started, strange: 14300, attrs: attributes{"action": address, "method": method(0)}},
	"Stop":  {children: started, strange: 14300},
}

var (
	prompts = []string{"Say", "Play", "Pause"}
	started = []string{"Recording", "Siprec", "Stream", "Transcription"}
)

const (
	keypad = "0123456789*#"
	tones  = keypad + "ABCDwW" // w waits for half a second, W for one (docs)
)

// recording are the attributes of everything that can record.
func recording(trim string, trimCode int) attributes {
	return attributes{
		"trim":                          oneOf(trim, trimCode, "trim-silence", "do-not-trim"),
		"recordingStatusCallback":       callback(13256),
		"recordingStatusCallbackMethod": method(0),
		"recordingStatusCallbackEvent":  events("completed", 13621, "in-progress", "completed", "absent"),
		"recordingConfigurationId":      free(""),
	}
}
