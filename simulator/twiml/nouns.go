package twiml

// The table of what may be inside a verb.
var nouns = map[string]rule{
	"Number": {
		text: words,
		attrs: join(progress(13221), detection, attributes{
			"sendDigits": keys("", 13222, tones),
			"byoc":       free(""),
		}),
	},
	"Client": {
		text:     words,
		children: []string{"Identity", "Parameter"},
		attrs:    join(progress(0), attributes{"clientNotificationUrl": address}),
		repair:   (*checker).repairClient,
	},
	"Identity":  {text: words},
	"Parameter": {attrs: attributes{"name": free(""), "value": free("")}},
	"Conference": {
		text: words,
		attrs: attributes{
			"muted":                         flag("false", 13230),
			"beep":                          oneOf("true", 13235, "true", "false", "onEnter", "onExit"),
			"startConferenceOnEnter":        flag("true", 13232),
			"endConferenceOnExit":           flag("false", 13231),
			"participantLabel":              free(""), // see repairConference
			"jitterBufferSize":              oneOf("large", 16002, "small", "medium", "large", "off"),
			"waitUrl":                       address, // none: music; empty: silence
			"waitMethod":                    method(13234),
			"maxParticipants":               number("250", 16002, 1, 250),
			"record":                        oneOf("do-not-record", 16002, "do-not-record", "record-from-start"),
			"region":                        oneOf("", 16002, "us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1"),
			"trim":                          oneOf("trim-silence", 13239, "trim-silence", "do-not-trim"),
			"coach":                         free(""), // a call there is; without it the coach would be heard (13240)
			"statusCallback":                address,
			"statusCallbackMethod":          method(16002),
			"statusCallbackEvent":           events("", 16002, "start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"),
			"recordingStatusCallback":       callback(13256),
			"recordingStatusCallbackMethod": method(16002),
			"recordingStatusCallbackEvent":  events("completed", 13621, "in-progress", "completed", "absent"),
			"recordingConfigurationId":      free(""),
			"eventCallbackUrl":              address, // deprecated
		},
		repair: (*checker).repairConference,
	},
	"Queue": {
		text: words,
		attrs: attributes{
			"url":                 address,
			"method":              method(14210),
			"reservationSid":      free(""), // see repairQueue
			"postWorkActivitySid": free(""),
		},
		repair: (*checker).repairQueue,
	},
	"Task": { // in Enqueue
		text:  verbatim,
		attrs: attributes{"priority": number("", 0, 0, noLimit), "timeout": number("", 0, 1, noLimit)},
	},

	"Sip": { // in Dial, and with only a URI in Refer
		text:     words,
		children: []string{"Headers", "Uri"},
		attrs:    join(progress(13241), detection, attributes{"username": free(""), "password": free("")}),
	},
	"Uri":            {text: words, attrs: attributes{"priority": free(""), "weight": free(""), "username": free(""), "password": free("")}},
	"Headers":        {children: []string{"Header"}},
	"Header":         {attrs: attributes{"name": free(""), "value": free("")}},
	"Sim":            {text: words},
	"WhatsApp":       {text: words, attrs: progress(0)},
	"ApplicationSid": {text: words},
	"Application": {
		text:     words,
		children: []string{"ApplicationSid", "Parameter"},
		attrs:    join(progress(0), attributes{"customerId": free(""), "copyParentTo": flag("false", 0)}),
	},

	"Recording": {
		attrs: join(recording("trim-silence", 0), attributes{
			"name":     free(""),
			"track":    oneOf("both", 0, "inbound", "outbound", "both"),
			"channels": oneOf("dual", 0, "mono", "dual"),
		}),
	},
	"Stream": {
		children: []string{"Parameter"},
		attrs:    attributes{"name": free(""), "connectorName": free(""), "url": address, "track": track, "statusCallback": address, "statusCallbackMethod": method(0)},
	},
	"Siprec": {
		children: []string{"Parameter"},
		attrs:    attributes{"name": free(""), "connectorName": free(""), "track": track, "statusCallback": address, "statusCallbackMethod": method(0)},
	},
	"Transcription": {
		children: []string{"Config", "Parameter"},
		attrs: join(attributes{"track": track, "statusCallbackMethod": method(0), "partialResults": flag("false", 0), "profanityFilter": flag("true", 0),
			"enableAutomaticPunctuation": flag("true", 0)},
			unchecked("name", "statusCallbackUrl", "inboundTrackLabel", "outboundTrackLabel", "languageCode", "transcriptionEngine",
				"speechModel", "hints", "intelligenceService")),
	},
	"Config": {attrs: unchecked("name", "value")},

	// In Connect and Annotate: their names are enough.
	"AiSession":                {attrs: unchecked("aiConnector", "aiSessionConfiguration")},
	"Autopilot":                {text: words},
	"BillingReferenceTag":      {text: words},
	"ConversationRelaySession": {attrs: unchecked("connector", "sessionConfiguration")},
	"Room":                     {text: words, attrs: unchecked("participantIdentity")},
	"VirtualAgent": {
		children: []string{"Config", "Parameter"},
		attrs:    unchecked("connectorName", "language", "sentimentAnalysis", "statusCallback", "statusCallbackMethod"),
	},
	"Conversation": {attrs: unchecked("serviceInstanceSid", "inboundAutocreation", "routingAssignmentTimeout", "inboundTimeout", "url", "method",
		"record", "trim", "recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent", "statusCallback",
		"statusCallbackMethod", "statusCallbackEvent")},
	"ConversationRelay": {children: []string{"Language", "Parameter"}, attrs: relay},
	"Assistant":         {children: []string{"Language", "Parameter"}, attrs: join(relay, unchecked("id"))},
	"Language":          {attrs: unchecked("code", "ttsProvider", "voice", "transcriptionProvider", "speechModel")},
}

// relay has the last five as the libraries write them and as the page does.
var relay = unchecked("url", "language", "ttsLanguage", "transcriptionLanguage", "ttsProvider", "voice", "transcriptionProvider",
	"speechModel", "profanityFilter", "dtmfDetection", "welcomeGreeting", "partialPrompts", "welcomeGreetingInterruptible",
	"interruptible", "preemptible", "hints", "intelligenceService", "reportInputDuringAgentSpeech", "elevenlabsTextNormalization",
	"interruptSensitivity", "debug", "events", "backgroundnoisereduction", "speechtimeout", "deepgramsmartformat", "ignorebackchannel",
	"backgroundNoiseReduction", "speechTimeout", "deepgramSmartFormat", "ignoreBackchannel")

var track = oneOf("inbound_track", 0, "inbound_track", "outbound_track", "both_tracks")

// progress are the attributes of whatever rings in a Dial.
func progress(methodCode int) attributes {
	return attributes{
		"url":                  address, // what it hears before the parties are bridged
		"method":               method(methodCode),
		"statusCallback":       address,
		"statusCallbackMethod": method(0),
		"statusCallbackEvent":  events("completed", 21626, "initiated", "ringing", "answered", "completed"),
	}
}

// detection of answering machines; thresholds are in milliseconds.
var detection = attributes{
	"machineDetection":                   oneOf("", 0, "Enable", "DetectMessageEnd"),
	"machineDetectionTimeout":            number("30", 0, 3, 60),
	"machineDetectionSpeechThreshold":    number("2400", 0, 1000, 6000),
	"machineDetectionSpeechEndThreshold": number("1200", 0, 500, 5000),
	"machineDetectionSilenceTimeout":     number("5000", 0, 2000, 10000),
	"amdStatusCallback":                  address,
	"amdStatusCallbackMethod":            method(0),
}

func unchecked(names ...string) attributes {
	all := attributes{}
	for _, name := range names {
		all[name] = free("")
	}
	return all
}

// ssml is in Say; it never becomes an Element. A voice may not know all of it, and Basic voices none.
var ssml = map[string]rule{
	"break":    {attrs: unchecked("strength", "time")},
	"emphasis": {text: spoken, children: ssmlInSay, attrs: unchecked("level")},
	"lang":     {text: spoken, children: ssmlInSay, attrs: unchecked("xml:lang")},
	"p":        {text: spoken, children: ssmlInSay},
	"phoneme":  {text: spoken, attrs: unchecked("alphabet", "ph")},
	"prosody":  {text: spoken, children: ssmlInSay, attrs: unchecked("volume", "rate", "pitch")},
	"s":        {text: spoken, children: ssmlInSay},
	"say-as":   {text: spoken, attrs: unchecked("interpret-as", "format")},
	"sub":      {text: spoken, attrs: unchecked("alias")},
	"w":        {text: spoken, children: ssmlInSay, attrs: unchecked("role")},
}

var ssmlInSay = []string{"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"}
