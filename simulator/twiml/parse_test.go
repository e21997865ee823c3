package twiml

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every document with what is left of it, written again, and the warnings with their lines.
func TestParse(t *testing.T) {
	nested := strings.Repeat("<emphasis>", deepest-2)
	unnested := strings.Repeat("</emphasis>", deepest-2)
	label := strings.Repeat("l", 129)
	for name, test := range map[string]struct{ document, want, warnings string }{
		"nothing":           {`<Response/>`, ``, ``},
		"declaration":       {`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response>\n  <Hangup/>\n</Response>\n", `<Hangup/>`, ``},
		"byte order mark":   {"\ufeff" + `<?xml version="1.0"?><Response><Hangup/></Response>`, `<Hangup/>`, ``},
		"latin 1":           {`<?xml version="1.0" encoding="ISO-8859-1"?><Response><Say>Caf` + "\xe9" + `</Say></Response>`, `<Say>Café</Say>`, ``},
		"version":           {`<Response version="2010-04-01"><Hangup/></Response>`, `<Hangup/>`, ``},
		"schema of C#":      {`<Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="x"><Hangup/></Response>`, `<Hangup/>`, ``},
		"namespace":         {`<Response xmlns="http://example.com"><Hangup/></Response>`, `<Hangup/>`, `12200@1`},
		"prefix":            {`<Response><t:Hangup/><Leave/></Response>`, `<Leave/>`, `12200@1`},
		"comment":           {`<!-- a --><Response><!-- b --><Say>One<!-- c --> moment</Say></Response><!-- d -->`, `<Say>One moment</Say>`, ``},
		"CDATA":             {`<Response><Say><![CDATA[<b> & ]]></Say></Response>`, `<Say>&lt;b&gt; &amp;</Say>`, ``},
		"instruction":       {`<Response><?php echo 1 ?><Hangup/></Response>`, `<Hangup/>`, ``},
		"document type":     {`<!DOCTYPE Response [<!ENTITY a "b"><!ELEMENT Response ANY>]><Response><Hangup/></Response>`, `<Hangup/>`, ``},
		"entities":          {`<Response><Say>a &amp; b &#x263A; &quot;c&quot;</Say></Response>`, `<Say>a &amp; b ☺ &#34;c&#34;</Say>`, ``},
		"white space":       {"<Response><Say>\n\tOne\n  moment </Say><Redirect>\n  /next\n</Redirect></Response>", `<Say>One moment</Say><Redirect>/next</Redirect>`, ``},
		"text in Response":  {"<Response>\nHello<Hangup/></Response>", `<Hangup/>`, `12200@1`},
		"text in Gather":    {"<Response>\n<Gather>Press 1</Gather></Response>", `<Gather/>`, `12200@2`},
		"text in Hangup":    {`<Response><Hangup>now</Hangup></Response>`, `<Hangup/>`, `12200@1`},
		"unknown verb":      {"<Response>\n<Dance><Say>hidden</Say></Dance>\n<Hangup/></Response>", `<Hangup/>`, `12200@2`},
		"case of a verb":    {`<Response><say>Hello</say><HangUp/><Hangup/></Response>`, `<Hangup/>`, `12200@1 12200@1`},
		"noun as a verb":    {`<Response><Number>+447700900001</Number></Response>`, ``, `12200@1`},
		"Response again":    {`<Response><Response><Hangup/></Response></Response>`, ``, `12200@1`},
		"messaging verb":    {`<Response><Message>Hello</Message></Response>`, ``, `12200@1`},
		"not simulated":     {`<Response><Pay/><Connect><Stream url="wss://app.test"/></Connect><Refer><Sip>sip:a@b.test</Sip></Refer></Response>`, `<Pay/><Connect><Stream url="wss://app.test"/></Connect><Refer><Sip>sip:a@b.test</Sip></Refer>`, ``},
		"unknown attribute": {`<Response><Pause Length="2" length="3"/></Response>`, `<Pause length="3"/>`, `12200@1`},
		"lines":             {"<Response>\n\n<Gather\n timeout='0'>\n<Pause\nlength='x'/></Gather></Response>", `<Gather><Pause/></Gather>`, `13313@3 13910@5`},

		"SSML":               {`<Response><Say>This is <emphasis level="strong">very</emphasis> im<emphasis>port</emphasis>ant.<break time="1s"/>Really: <say-as interpret-as="digits">123</say-as>.</Say></Response>`, `<Say>This is very important. Really: 123.</Say>`, ``},
		"SSML paragraphs":    {`<Response><Say><p><s>One</s><s>Two</s></p><p><lang xml:lang="de-DE">Drei</lang></p></Say></Response>`, `<Say>One Two Drei</Say>`, ``},
		"SSML deep":          {`<Response><Say>` + nested + "in" + unnested + `</Say></Response>`, `<Say>in</Say>`, ``},
		"SSML unknown":       {`<Response><Say>Hello <b>big</b> world</Say></Response>`, `<Say>Hello world</Say>`, `12200@1`},
		"SSML of twilio-go":  {`<Response><Say>Hello <Emphasis>big</Emphasis> world</Say></Response>`, `<Say>Hello world</Say>`, `12200@1`},
		"SSML attribute":     {`<Response><Say>Hello <break size="2"/> world</Say></Response>`, `<Say>Hello world</Say>`, `12200@1`},
		"SSML as a verb":     {`<Response><break/></Response>`, ``, `12200@1`},
		"verb in a verb":     {`<Response><Say>Hello <Play>x.mp3</Play>world</Say></Response>`, `<Say>Hello world</Say>`, `12200@1`},
		"nothing to say":     {`<Response><Say> </Say><Say><break/></Say></Response>`, ``, `13520@1 13520@1`},
		"long for a voice":   {`<Response><Say voice="Polly.Amy">` + strings.Repeat("a", 3001) + `</Say><Say voice="Polly.Amy">` + strings.Repeat("a", 3000) + `</Say></Response>`, `<Say voice="Polly.Amy">` + strings.Repeat("a", 3000) + `</Say>`, `13521@1`},
		"long for man":       {`<Response><Say>` + strings.Repeat("é", 2049) + `</Say><Say>` + strings.Repeat("é", 2048) + `</Say></Response>`, `<Say>` + strings.Repeat("é", 2048) + `</Say>`, `13521@1`},
		"long but for SSML":  {`<Response><Say>` + strings.Repeat("<s>a</s>", 2000) + `</Say></Response>`, `<Say>` + strings.TrimSpace(strings.Repeat("a ", 2000)) + `</Say>`, ``},
		"nothing to play":    {`<Response><Play/><Play digits=""/><Play digits="1w2"/><Play>x.mp3</Play></Response>`, `<Play digits="1w2"/><Play>x.mp3</Play>`, `11100@1 11100@1`},
		"Redirect to itself": {`<Response><Redirect/></Response>`, `<Redirect/>`, ``},

		"Gather":                {`<Response><Gather numDigits="1"><Say>Press</Say><Pause/><Play>x.mp3</Play></Gather></Response>`, `<Gather numDigits="1"><Say>Press</Say><Pause/><Play>x.mp3</Play></Gather>`, ``},
		"Gather, other verbs":   {`<Response><Gather><Dial/><Gather/><Sey/><Say>Press</Say></Gather></Response>`, `<Gather><Say>Press</Say></Gather>`, `13320@1 13320@1 13320@1`},
		"Gather, its own codes": {`<Response><Gather><Say loop="x" voice="y">Press</Say><Play loop="x">x.mp3</Play></Gather></Response>`, `<Gather><Say>Press</Say><Play>x.mp3</Play></Gather>`, `13322@1 13321@1 13410@1`},
		"Gather, tones":         {`<Response><Gather><Play digits="1"/><Play digits="1">x.mp3</Play></Gather></Response>`, `<Gather><Play>x.mp3</Play></Gather>`, `13320@1 13320@1`},
		"Gather, two keys":      {`<Response><Gather finishOnKey="*#"/></Response>`, `<Gather/>`, `13311@1`},
		"Gather, model":         {`<Response><Gather speechModel="phone_call" speechTimeout="auto"/><Gather speechTimeout="auto"/></Response>`, `<Gather speechModel="phone_call"/><Gather speechTimeout="auto"/>`, `13335@1`},

		"Dial a number":          {"<Response><Dial timeout='10'>\n+44 7700 900001\n</Dial></Response>", `<Dial timeout="10"><Number>+44 7700 900001</Number></Dial>`, ``},
		"Dial several":           {`<Response><Dial><Number>+447700900002</Number><Client>anna</Client><Number>+447700900001</Number></Dial></Response>`, `<Dial><Number>+447700900002</Number><Client>anna</Client><Number>+447700900001</Number></Dial>`, ``},
		"Dial text and nouns":    {`<Response><Dial>+447700900001<Number>+447700900002</Number></Dial></Response>`, `<Dial><Number>+447700900002</Number></Dial>`, `12200@1`},
		"Dial text, bad noun":    {`<Response><Dial>+447700900001<Numbr>+447700900002</Numbr></Dial></Response>`, `<Dial><Number>+447700900001</Number></Dial>`, `13215@1`},
		"Dial nobody":            {`<Response><Dial/></Response>`, `<Dial/>`, ``},
		"Dial a verb":            {`<Response><Dial><Say>Hello</Say></Dial></Response>`, `<Dial/>`, `13215@1`},
		"Dial a room and others": {`<Response><Dial><Conference>a</Conference><Number>+447700900001</Number><Conference>b</Conference></Dial></Response>`, `<Dial><Conference>a</Conference></Dial>`, `13000@1 13000@1`},
		"Dial others and a room": {`<Response><Dial><Number>+447700900001</Number><Conference>a</Conference><Client>anna</Client></Dial></Response>`, `<Dial><Number>+447700900001</Number><Client>anna</Client></Dial>`, `13000@1`},
		"Dial a queue and more":  {`<Response><Dial><Queue>a</Queue><Client>anna</Client></Dial><Dial><Client>anna</Client><Queue>a</Queue></Dial></Response>`, `<Dial><Queue>a</Queue></Dial><Dial><Client>anna</Client></Dial>`, `13215@1 13215@1`},
		"Dial eleven":            {`<Response><Dial>` + strings.Repeat("<Client>anna</Client>", 11) + `</Dial></Response>`, `<Dial>` + strings.Repeat("<Client>anna</Client>", 10) + `</Dial>`, `13250@1`},
		"Dial, old record":       {`<Response><Dial record="true"/><Dial record="false"/></Response>`, `<Dial record="record-from-answer"/><Dial record="do-not-record"/>`, ``},
		"Client with parameters": {`<Response><Dial><Client><Identity> anna </Identity><Parameter name="a" value="1"/><Parameter name="b" value=" 2 "/></Client></Dial></Response>`, `<Dial><Client>anna<Parameter name="a" value="1"/><Parameter name="b" value=" 2 "/></Client></Dial>`, ``},
		"Client, two identities": {`<Response><Dial><Client>anna<Identity>bert</Identity></Client></Dial></Response>`, `<Dial><Client>bert</Client></Dial>`, `12200@1`},

		"Conference":           {`<Response><Dial><Conference waitUrl="" beep="onExit" statusCallbackEvent="start end">room 1</Conference></Dial></Response>`, `<Dial><Conference beep="onExit" statusCallbackEvent="start end" waitUrl="">room 1</Conference></Dial>`, ``},
		"Conference, no name":  {`<Response><Dial><Conference> </Conference></Dial></Response>`, `<Dial/>`, `13237@1`},
		"Conference, name":     {`<Response><Dial><Conference>` + label + `</Conference></Dial><Dial><Conference>` + label[1:] + `</Conference></Dial></Response>`, `<Dial/><Dial><Conference>` + label[1:] + `</Conference></Dial>`, `13237@1`},
		"Conference, label":    {`<Response><Dial><Conference participantLabel="` + label + `">a</Conference></Dial><Dial><Conference participantLabel="` + label[1:] + `">a</Conference></Dial></Response>`, `<Dial/><Dial><Conference participantLabel="` + label[1:] + `">a</Conference></Dial>`, `16023@1`},
		"Conference, a call's": {`<Response><Dial><Conference participantLabel="` + sid("CA") + `">a</Conference></Dial></Response>`, `<Dial/>`, `16023@1`},
		"Conference, path":     {`<Response><Dial><Conference participantLabel="a/b">a</Conference></Dial><Dial><Conference participantLabel="a%2fb">a</Conference></Dial></Response>`, `<Dial/><Dial/>`, `16023@1 16023@1`},

		"Queue":                   {`<Response><Dial><Queue url="/soon">support</Queue></Dial></Response>`, `<Dial><Queue url="/soon">support</Queue></Dial>`, ``},
		"Queue, reservation":      {`<Response><Dial><Queue reservationSid="` + sid("WR") + `"/></Dial></Response>`, `<Dial><Queue reservationSid="` + sid("WR") + `"/></Dial>`, ``},
		"Queue, bad reservation":  {`<Response><Dial><Queue reservationSid="WR1">a</Queue></Dial></Response>`, `<Dial/>`, `14215@1`},
		"Queue, no name":          {`<Response><Dial><Queue/></Dial></Response>`, `<Dial/>`, `14212@1`},
		"Queue, long name":        {`<Response><Dial><Queue>` + label[:65] + `</Queue></Dial><Dial><Queue>` + label[:64] + `</Queue></Dial></Response>`, `<Dial/><Dial><Queue>` + label[:64] + `</Queue></Dial>`, `14213@1`},
		"Enqueue":                 {`<Response><Enqueue waitUrl="/wait">support</Enqueue></Response>`, `<Enqueue waitUrl="/wait">support</Enqueue>`, ``},
		"Enqueue, task":           {`<Response><Enqueue workflowSid="` + sid("WW") + `"><Task priority="5" timeout="60"> {"text": "two  spaces"} </Task></Enqueue></Response>`, `<Enqueue workflowSid="` + sid("WW") + `"><Task priority="5" timeout="60">{&#34;text&#34;: &#34;two  spaces&#34;}</Task></Enqueue>`, ``},
		"Enqueue, no name":        {`<Response><Enqueue action="/after"/></Response>`, `<Enqueue action="/after"/>`, `14204@1`},
		"Enqueue, long name":      {`<Response><Enqueue action="/after">` + label[:65] + `</Enqueue><Enqueue>` + label[:64] + `</Enqueue></Response>`, `<Enqueue action="/after"/><Enqueue>` + label[:64] + `</Enqueue>`, `14205@1`},
		"Enqueue, workflow":       {`<Response><Enqueue action="/after" workflowSid="WW1">a</Enqueue></Response>`, `<Enqueue action="/after"/>`, `14220@1`},
		"Enqueue, JSON":           {"<Response><Enqueue workflowSid='" + sid("WW") + "'>\n<Task>[1]</Task></Enqueue></Response>", `<Enqueue/>`, `14221@2`},
		"Enqueue, two tasks":      {`<Response><Enqueue workflowSid="` + sid("WW") + `"><Task>{}</Task><Task>{}</Task></Enqueue></Response>`, `<Enqueue/>`, `14221@1`},
		"Record, transcribed":     {`<Response><Record transcribe="true"/><Record transcribe="true" maxLength="60"/></Response>`, `<Record maxLength="120" transcribe="true"/><Record maxLength="60" transcribe="true"/>`, ``},
		"Record, too long for it": {`<Response><Record transcribe="true" maxLength="121"/></Response>`, `<Record maxLength="121"/>`, `13615@1`},
		"Start":                   {`<Response><Start><Stream url="wss://app.test"/><Say>a</Say></Start></Response>`, `<Start><Stream url="wss://app.test"/></Start>`, `14300@1`},
		"Annotate":                {`<Response><Annotate><BillingReferenceTag>a</BillingReferenceTag><Tag/></Annotate></Response>`, `<Annotate><BillingReferenceTag>a</BillingReferenceTag></Annotate>`, `13112@1`},
		"Sms":                     {"<Response><Sms statusCallback='ftp://a.test'> One\n  moment </Sms></Response>", "<Sms>One&#xA;  moment</Sms>", `14105@1`},
	} {
		d := parse(t, test.document)
		if got, want := render(d.Verbs), "<Response>"+test.want+"</Response>"; got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
		if got := codes(d.Warnings); got != test.warnings {
			t.Errorf("%s: warnings %q, want %q: %v", name, got, test.warnings, d.Warnings)
		}
	}
}

func TestWhatIsNoTwiML(t *testing.T) {
	bomb := `<!DOCTYPE Response [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><Response><Say>&b;</Say></Response>`
	for document, want := range map[string]Problem{
		``:                                   {Code: 12100, Line: 1},
		" \n":                                {Code: 12100, Line: 1},
		`OK`:                                 {Code: 12100, Line: 1},
		`<Response>`:                         {Code: 12100, Line: 1},
		"<Response>\n<Say>":                  {Code: 12100, Line: 2},
		"<Response>\n<Say></Response>":       {Code: 12100, Line: 2},
		`</Response>`:                        {Code: 12100, Line: 1},
		`<Response></response>`:              {Code: 12100, Line: 1},
		`<Response/><Response/>`:             {Code: 12100, Line: 1},
		"<Response/>\ntail":                  {Code: 12100, Line: 1},
		"head <Response/>":                   {Code: 12100, Line: 1},
		"\n<?xml version='1.0'?><Response/>": {Code: 12100, Line: 2},
		`<Response><?xml version="1.0"?></Response>`:           {Code: 12100, Line: 1},
		`<?xml version="1.0" encoding="KOI8-R"?><Response/>`:   {Code: 12100, Line: 1},
		"<Response><Say>Caf\xe9</Say></Response>":              {Code: 12100, Line: 1},
		"<Response><Say>\x01</Say></Response>":                 {Code: 12100, Line: 1},
		`<Response><Say>a & b</Say></Response>`:                {Code: 12100, Line: 1},
		`<Response><Say>a&nbsp;b</Say></Response>`:             {Code: 12100, Line: 1},
		`<Response><Pause length=1/></Response>`:               {Code: 12100, Line: 1},
		`<Response><Pause length="1" length="2"/></Response>`:  {Code: 12100, Line: 1},
		`<Response><!DOCTYPE Response></Response>`:             {Code: 12100, Line: 1},
		`<Response/><!DOCTYPE Response>`:                       {Code: 12100, Line: 1},
		bomb:                                                   {Code: 12100, Line: 1},
		strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33): {Code: 12100, Line: 1},
		`<html><body><br></body></html>`:                       {Code: 12100, Line: 1},
		"<!-- page -->\n<html><body/></html>":                  {Code: 12102, Line: 2},
		`<response><Say>Hello</Say></response>`:                {Code: 12102, Line: 1},
		`<Response version="3"><Hangup/></Response>`:           {Code: 12101, Line: 1},
	} {
		d, err := Parse([]byte(document))
		problem := (*Problem)(nil)
		if !errors.As(err, &problem) {
			t.Errorf("%q: %v (%T), want a *Problem", document, err, err)
			continue
		}
		if problem.Code != want.Code || problem.Line != want.Line {
			t.Errorf("%q: %d in line %d (%v), want %d in line %d", document, problem.Code, problem.Line, err, want.Code, want.Line)
		}
		if len(d.Verbs)+len(d.Warnings) > 0 {
			t.Errorf("%q: an error and %v", document, d)
		}
	}
}

func TestAProblemIsReadable(t *testing.T) {
	_, err := Parse([]byte("<Response>\n<Say>"))
	if want := `12100 Document parse failure: "Say" is not closed (line 2)`; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	_, err = Read("text/xml", "", nil)
	if want := `11770 Empty response body`; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	var got []string
	for _, warning := range parse(t, `<Response><Dial timeout="soon" trim="x" ringTone="y"><Number statusCallbackEvent="rings">+447700900001</Number></Dial><Dance/></Response>`).Warnings {
		got = append(got, warning.Error())
	}
	for i, want := range []string{
		`13212 Dial: Invalid timeout value: "soon" is not a whole number from 5 to 600; 30 is taken (line 1)`,
		`12200 Schema validation warning: Dial: Invalid trim value: "x" is not trim-silence, do-not-trim; do-not-trim is taken (line 1)`,
		`13220 Dial: Invalid ringTone value: "y" is not at, au,`,
		`21626 Number: Invalid statusCallbackEvent value: "rings" is not a list, with spaces, of initiated, ringing, answered, completed; nothing will be reported (line 1)`,
		`12200 Schema validation warning: TwiML has no "Dance" (line 1)`,
	} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Errorf("warning %d of %q, want %q", i, got, want)
		}
	}
	long := parse(t, "<Response><"+strings.Repeat("é", 1000)+"/></Response>").Warnings[0].Text
	if len(long) > 200 {
		t.Errorf("%d bytes of a document are in its warning", len(long))
	}
}

func TestLevelIsTheCatalogues(t *testing.T) {
	_, notXML := Parse([]byte("OK"))
	_, noType := Read("image/png", "", []byte("x"))
	d := parse(t, `<Response><Dance/><Dial timeout="x"><Conference endConferenceOnExit="x" muted="x">a</Conference></Dial><Enqueue/></Response>`)
	problems := append(d.Warnings, *notXML.(*Problem), *noType.(*Problem), *InConference.Refuse(d.Verbs[0]), *InQueue.Refuse(d.Verbs[0]))
	var got []string
	for _, p := range problems {
		got = append(got, strconv.Itoa(p.Code)+" "+p.Level())
	}
	want := []string{"12200 warning", "13231 error", "13230 warning", "13212 warning", "14204 error", "12100 error", "12300 error", "13238 error", "12200 warning"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestReadGoesByTheContentType(t *testing.T) {
	const address = "https://app.test/voice#rc=2"
	twiml := `<Response><Hangup/></Response>`
	filler := strings.Repeat(" ", bodyLimit-len(twiml))
	for name, test := range map[string]struct {
		contentType, body, want string
		code                    int
	}{
		"XML":              {"text/xml", twiml, `<Hangup/>`, 0},
		"XML, parameters":  {"Text/XML ; charset", twiml, `<Hangup/>`, 0},
		"application":      {"application/xml; charset=utf-8", twiml, `<Hangup/>`, 0},
		"HTML":             {"text/html", twiml, `<Hangup/>`, 0},
		"HTML page":        {"text/html", `<!DOCTYPE html><html><body/></html>`, ``, 12102},
		"audio":            {"audio/mpeg", "ID3", `<Play>https://app.test/voice</Play>`, 0},
		"audio, large":     {"audio/x-wav", strings.Repeat("x", bodyLimit+1), `<Play>https://app.test/voice</Play>`, 0},
		"plain TwiML":      {"text/plain", twiml, `<Hangup/>`, 0},
		"plain":            {"text/plain; charset=utf-8", "One\nmoment <please>\xff", `<Say>One moment &lt;please&gt;</Say>`, 0},
		"plain, large":     {"text/plain", strings.Repeat("a", 4097), ``, 0},
		"blank":            {"text/plain", " ", ``, 0},
		"JSON":             {"application/json", "{}", ``, 12300},
		"other XML":        {"application/xhtml+xml", twiml, ``, 12300},
		"no content type":  {"", twiml, ``, 12300},
		"empty":            {"text/xml", "", ``, 11770},
		"empty, untyped":   {"", "", ``, 11770},
		"blank XML":        {"text/xml", " ", ``, 12100},
		"as large as can":  {"text/xml", twiml + filler, `<Hangup/>`, 0},
		"too large":        {"text/xml", twiml + filler + " ", ``, 11750},
		"too large, plain": {"text/plain", strings.Repeat("a", bodyLimit+1), ``, 11750},
	} {
		d, err := Read(test.contentType, address, []byte(test.body))
		problem := (*Problem)(nil)
		switch {
		case err == nil && test.code != 0, err != nil && (!errors.As(err, &problem) || problem.Code != test.code):
			t.Errorf("%s: %v, want %d", name, err, test.code)
		case err == nil && render(d.Verbs) != "<Response>"+test.want+"</Response>":
			t.Errorf("%s: %s, want %s", name, render(d.Verbs), test.want)
		case err == nil && test.want == "" && len(d.Warnings) != 1:
			t.Errorf("%s: nothing to run, and no word about it", name)
		}
	}
}

func TestWhichVerbsArePossibleWhere(t *testing.T) {
	for place, test := range map[Place]struct {
		allowed string
		code    int // of a Dial, if it is not
	}{
		OnCall:       {strings.Join(schema["Response"].children, " "), 0},
		InConference: {"Pause Play Redirect Say", 13238},
		InQueue:      {"Gather Hangup Leave Pause Play Redirect Say", 12200},
		BeforeBridge: {"Gather Hangup Play Say", 13201},
	} {
		allowed := strings.Fields(test.allowed)
		for _, name := range schema["Response"].children {
			verb := Element{Name: name, Line: 7}
			if got := place.Allows(name); got != slices.Contains(allowed, name) {
				t.Errorf("place %d: %s: %t", place, name, got)
			}
			if problem := place.Refuse(verb); (problem == nil) != place.Allows(name) {
				t.Errorf("place %d: %s: %v", place, name, problem)
			} else if name == "Dial" && problem != nil && (problem.Code != test.code || problem.Line != 7) {
				t.Errorf("place %d: %v, want %d in line 7", place, problem, test.code)
			}
		}
	}
	if problem := BeforeBridge.Refuse(Element{Name: "Pause"}); problem == nil || problem.Code != 12200 {
		t.Errorf("a Pause before the bridge: %v", problem)
	}
}

func sid(kind string) string { return kind + strings.Repeat("0a", 16) }
