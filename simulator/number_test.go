package simulator

import (
	"strings"
	"testing"
	"time"

	voice "github.com/twilio/twilio-go/rest/api/v2010"
)

const drama = "+447700900123" // a number for drama that somebody buys

func TestTwilioGoKeepsNumbers(t *testing.T) {
	w := newWorld(t, Options{})
	_, api := twilioGo(w.sim)
	n, err := api.CreateIncomingPhoneNumber((&voice.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(drama).
		SetVoiceUrl("https://app.test/incoming").SetVoiceMethod("get").SetVoiceFallbackUrl("https://app.test/else").
		SetStatusCallback("https://app.test/over").SetSmsUrl("https://app.test/sms").SetBundleSid("BU00000000000000000000000000000001"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{*n.PhoneNumber, *n.FriendlyName, *n.VoiceUrl, *n.VoiceMethod, *n.VoiceFallbackUrl, *n.VoiceFallbackMethod,
		*n.StatusCallback, *n.StatusCallbackMethod, *n.SmsUrl, *n.BundleSid, *n.Type, *n.AccountSid}
	same(t, "number", got, []string{drama, drama, "https://app.test/incoming", "GET", "https://app.test/else", "POST",
		"https://app.test/over", "POST", "https://app.test/sms", "BU00000000000000000000000000000001", "mobile", DefaultAccountSID})
	if !isSID("PN", *n.Sid) || !n.Capabilities.Voice {
		t.Errorf("number: %+v", n)
	}
	_, owned := w.sim.numberOwner(drama)
	equals(t, "what callers get", w.sim.main.handling(owned).program.url, "https://app.test/incoming")

	w.advance(time.Hour)
	updated, err := api.UpdateIncomingPhoneNumber(*n.Sid, (&voice.UpdateIncomingPhoneNumberParams{}).SetFriendlyName("hotline").SetVoiceFallbackUrl(""))
	if err != nil || *updated.FriendlyName != "hotline" || updated.VoiceFallbackUrl != nil || *updated.VoiceUrl != "https://app.test/incoming" ||
		*updated.DateUpdated != "Sun, 22 Nov 2026 10:00:00 +0000" {
		t.Errorf("updated: %+v %v", updated, err)
	}
	if _, err := api.CreateIncomingPhoneNumberLocal((&voice.CreateIncomingPhoneNumberLocalParams{}).SetPhoneNumber("+442079460001")); err != nil {
		t.Fatal(err)
	}
	list := func(p *voice.ListIncomingPhoneNumberParams) string {
		t.Helper()
		numbers, err := api.ListIncomingPhoneNumber(p)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, n := range numbers {
			all = append(all, *n.PhoneNumber)
		}
		return strings.Join(all, " ")
	}
	p := func() *voice.ListIncomingPhoneNumberParams { return &voice.ListIncomingPhoneNumberParams{} }
	equals(t, "all", list(p().SetPageSize(1)), "+442079460001 "+drama)
	equals(t, "by number", list(p().SetPhoneNumber(drama)), drama)
	equals(t, "by part of it", list(p().SetPhoneNumber("79460**1")), "+442079460001")
	equals(t, "by name", list(p().SetFriendlyName("hotline")), drama)
	equals(t, "hosted", list(p().SetOrigin("hosted")), "")
	equals(t, "beta", list(p().SetBeta(true)), "")
	mobile, err := api.ListIncomingPhoneNumberMobile(nil)
	if err != nil || len(mobile) != 1 || *mobile[0].PhoneNumber != drama {
		t.Errorf("mobile: %v %v", mobile, err)
	}
	if err := api.DeleteIncomingPhoneNumber(*n.Sid, nil); err != nil {
		t.Fatal(err)
	}
	_, err = api.FetchIncomingPhoneNumber(*n.Sid, nil)
	refusedAs(t, "a number that is gone", err, 404, 20404)
	if _, err := api.CreateIncomingPhoneNumber((&voice.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(drama)); err != nil {
		t.Errorf("a number given back: %v", err)
	}
}

func TestWhatANumberCannotBe(t *testing.T) {
	w := newWorld(t, Options{})
	_, main := twilioGo(w.sim)
	_, sub := newSubaccount(t, w.sim, "customer")
	buy := func() *voice.CreateIncomingPhoneNumberParams {
		return (&voice.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(drama)
	}
	create := func(what string, p *voice.CreateIncomingPhoneNumberParams, code int) {
		t.Helper()
		_, err := main.CreateIncomingPhoneNumber(p)
		refusedAs(t, what, err, 400, code)
	}
	create("no number", &voice.CreateIncomingPhoneNumberParams{}, 20001)
	create("not a number", buy().SetPhoneNumber("07700 900123"), 21421)
	create("by area code", (&voice.CreateIncomingPhoneNumberParams{}).SetAreaCode("20"), 20001)
	create("bad URL", buy().SetVoiceUrl("app.test"), 21402)
	create("bad method", buy().SetVoiceMethod("PUT"), 21403)
	create("only a fallback", buy().SetVoiceFallbackUrl("https://app.test/else"), 21405)
	create("bad callback", buy().SetStatusCallback("app.test"), 21609)
	create("nobody's app", buy().SetVoiceApplicationSid("AP00000000000000000000000000000000"), 21420)
	create("trunk", buy().SetTrunkSid("TK00000000000000000000000000000000"), 20001)
	create("fax", buy().SetVoiceReceiveMode("fax"), 20001)
	create("names of callers", buy().SetVoiceCallerIdLookup(true), 20001)
	create("old version", buy().SetApiVersion("2008-08-01"), 20001)
	create("long name", buy().SetFriendlyName(strings.Repeat("x", 65)), 20002)
	_, err := main.CreateIncomingPhoneNumberLocal((&voice.CreateIncomingPhoneNumberLocalParams{}).SetPhoneNumber(drama))
	refusedAs(t, "a mobile number as local", err, 400, 21458)
	equals(t, "numbers bought", w.sim.main.numbers.len(), 0)
	if _, err := sub.CreateIncomingPhoneNumber(buy()); err != nil {
		t.Fatal(err)
	}
	create("somebody's", buy(), 21422)
}

func TestNumbersMoveBetweenAccounts(t *testing.T) {
	w := newWorld(t, Options{})
	_, main := twilioGo(w.sim)
	sub, subAPI := newSubaccount(t, w.sim, "customer")
	app, err := main.CreateApplication((&voice.CreateApplicationParams{}).SetVoiceUrl("https://app.test/app"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := main.CreateIncomingPhoneNumber((&voice.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(drama).
		SetVoiceUrl("https://app.test/own").SetVoiceApplicationSid(*app.Sid))
	if err != nil {
		t.Fatal(err)
	}
	handledBy := func() string {
		owner, n := w.sim.numberOwner(drama)
		return owner.friendlyName + " " + owner.handling(n).program.url
	}
	equals(t, "an app rules", handledBy(), "Main https://app.test/app")
	move := func(by *voice.ApiService, from, to string) (*voice.ApiV2010IncomingPhoneNumber, error) {
		return by.UpdateIncomingPhoneNumber(*n.Sid, (&voice.UpdateIncomingPhoneNumberParams{}).SetPathAccountSid(from).SetAccountSid(to))
	}
	_, err = move(main, DefaultAccountSID, "AC1")
	refusedAs(t, "no SID", err, 400, 21470)
	_, err = move(main, DefaultAccountSID, "AC99999999999999999999999999999999")
	refusedAs(t, "to nobody", err, 400, 21471)
	moved, err := move(main, DefaultAccountSID, *sub.Sid)
	if err != nil || *moved.AccountSid != *sub.Sid || *moved.VoiceApplicationSid != "" || !strings.Contains(*moved.Uri, *sub.Sid) {
		t.Errorf("moved: %+v %v", moved, err)
	}
	equals(t, "without its app", handledBy(), "customer https://app.test/own")
	_, err = main.FetchIncomingPhoneNumber(*n.Sid, nil)
	refusedAs(t, "where it was", err, 404, 20404)
	_, err = move(subAPI, *sub.Sid, DefaultAccountSID)
	refusedAs(t, "by the subaccount", err, 400, 21474)

	if _, err := main.UpdateAccount(*sub.Sid, (&voice.UpdateAccountParams{}).SetStatus("suspended")); err != nil {
		t.Fatal(err)
	}
	equals(t, "while suspended", handledBy(), "customer ")
	if _, err := move(main, *sub.Sid, DefaultAccountSID); err != nil {
		t.Error(err)
	}
	_, err = move(main, DefaultAccountSID, *sub.Sid)
	refusedAs(t, "to a suspended account", err, 400, 21472)

	// Closing gives numbers back.
	if _, err := main.UpdateAccount(*sub.Sid, (&voice.UpdateAccountParams{}).SetStatus("active")); err != nil {
		t.Fatal(err)
	}
	if _, err := move(main, DefaultAccountSID, *sub.Sid); err != nil {
		t.Fatal(err)
	}
	if _, err := main.UpdateAccount(*sub.Sid, (&voice.UpdateAccountParams{}).SetStatus("closed")); err != nil {
		t.Fatal(err)
	}
	if owner, _ := w.sim.numberOwner(drama); owner != nil {
		t.Errorf("still owned by %s", owner.friendlyName)
	}
}

func TestTwilioGoKeepsApplications(t *testing.T) {
	w := newWorld(t, Options{})
	_, api := twilioGo(w.sim)
	app, err := api.CreateApplication((&voice.CreateApplicationParams{}).SetFriendlyName("softphones").SetVoiceUrl("https://app.test/out").
		SetStatusCallback("https://app.test/over").SetMessageStatusCallback("https://app.test/sent").SetPublicApplicationConnectEnabled(true))
	if err != nil {
		t.Fatal(err)
	}
	if !isSID("AP", *app.Sid) || *app.VoiceUrl != "https://app.test/out" || *app.VoiceMethod != "POST" || !*app.PublicApplicationConnectEnabled ||
		*app.StatusCallback != "https://app.test/over" || *app.MessageStatusCallback != "https://app.test/sent" {
		t.Errorf("application: %+v", app)
	}
	unnamed, err := api.CreateApplication(&voice.CreateApplicationParams{})
	if err != nil || *unnamed.FriendlyName != *unnamed.Sid {
		t.Errorf("unnamed: %+v %v", unnamed, err)
	}
	updated, err := api.UpdateApplication(*app.Sid, (&voice.UpdateApplicationParams{}).SetVoiceMethod("GET"))
	if err != nil || *updated.VoiceMethod != "GET" || *updated.VoiceUrl != "https://app.test/out" || !*updated.PublicApplicationConnectEnabled {
		t.Errorf("updated: %+v %v", updated, err)
	}
	_, err = api.UpdateApplication(*app.Sid, (&voice.UpdateApplicationParams{}).SetVoiceUrl("out"))
	refusedAs(t, "bad URL", err, 400, 21402)
	list, err := api.ListApplication((&voice.ListApplicationParams{}).SetPageSize(1))
	if err != nil || len(list) != 2 {
		t.Errorf("list: %v %v", list, err)
	}
	list, err = api.ListApplication((&voice.ListApplicationParams{}).SetFriendlyName("softphones"))
	if err != nil || len(list) != 1 || *list[0].Sid != *app.Sid {
		t.Errorf("by name: %v %v", list, err)
	}
	n, err := api.CreateIncomingPhoneNumber((&voice.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(drama).SetVoiceApplicationSid(*app.Sid))
	if err != nil || *n.VoiceApplicationSid != *app.Sid {
		t.Fatalf("number with an app: %+v %v", n, err)
	}
	if err := api.DeleteApplication(*app.Sid, nil); err != nil {
		t.Fatal(err)
	}
	_, err = api.FetchApplication(*app.Sid, nil)
	refusedAs(t, "an app that is gone", err, 404, 20404)
	after, err := api.FetchIncomingPhoneNumber(*n.Sid, nil)
	if err != nil || *after.VoiceApplicationSid != "" {
		t.Errorf("its number: %+v %v", after, err)
	}
}

func TestNumbersOnShow(t *testing.T) {
	w := newWorld(t, Options{})
	_, api := twilioGo(w.sim)
	show := func(p *voice.ListAvailablePhoneNumberMobileParams, country string) string {
		t.Helper()
		numbers, err := api.ListAvailablePhoneNumberMobile(country, p)
		if err != nil {
			t.Fatal(err)
		}
		if len(numbers) == 0 {
			return ""
		}
		return *numbers[0].PhoneNumber
	}
	p := func() *voice.ListAvailablePhoneNumberMobileParams {
		return &voice.ListAvailablePhoneNumberMobileParams{}
	}
	first := show(p().SetVoiceEnabled(true), "GB")
	equals(t, "first", first, "+447700900000")
	if _, err := api.CreateIncomingPhoneNumber((&voice.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(first)); err != nil {
		t.Fatal(err)
	}
	equals(t, "the next, when somebody has it", show(p(), "GB"), "+447700900001")
	equals(t, "that contains", show(p().SetContains("9005*5"), "GB"), "+447700900505")
	equals(t, "for faxes", show(p().SetFaxEnabled(true), "GB"), "")
	equals(t, "elsewhere", show(p(), "FR"), "")
	_, err := api.ListAvailablePhoneNumberLocal("GB", (&voice.ListAvailablePhoneNumberLocalParams{}).SetInLocality("London"))
	refusedAs(t, "by town", err, 400, 20001)
	countries, err := api.ListAvailablePhoneNumberCountry(nil)
	if err != nil || len(countries) != 1 || *countries[0].CountryCode != "GB" {
		t.Errorf("countries: %v %v", countries, err)
	}
	_, err = api.FetchAvailablePhoneNumberCountry("FR", nil)
	refusedAs(t, "a country without", err, 404, 20404)
}
