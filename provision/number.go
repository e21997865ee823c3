package provision

import (
	"fmt"
	"slices"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	sb "switchboard"
	"switchboard/activities"
)

// Numbers are the telephone numbers of an environment.
type Numbers struct {
	// CallerID is the number that callers see; "": one that has been bought for it, or is to be.
	CallerID string
	// Country and Mobile say what is bought where CallerID is empty. Country "": nothing can be.
	Country string
	Mobile  bool
	// TestPhones answer by themselves. They are the main account's, once for all environments.
	TestPhones []TestPhone
}

// TestPhone is a number and the TwiML document with which it answers.
type TestPhone struct{ Number, URL string }

const (
	appName      = "Switchboard"
	callerIDName = "Switchboard caller ID"
	maxPage      = 1000
)

// application is the TwiML app of the numbers: the one place where Twilio learns what becomes of somebody who rings them.
func (a *accountant) application() error {
	list, err := read(a.run, "list TwiML apps", func() ([]api.ApiV2010Application, error) {
		return a.own.Voice(a.ctx).ListApplication((&api.ListApplicationParams{}).SetFriendlyName(appName))
	})
	if err != nil {
		return err
	}
	url := a.public + sb.PathCalledBack
	what := quoted("TwiML app", appName)
	i := slices.IndexFunc(list, func(one api.ApiV2010Application) bool { return str(one.FriendlyName) == appName })
	if i < 0 {
		a.app = planned(appName)
		return a.do(Create, what, "", func() error {
			made, err := create(a.run, func() (*api.ApiV2010Application, error) {
				return a.own.Voice(a.ctx).CreateApplication((&api.CreateApplicationParams{}).SetFriendlyName(appName).SetVoiceUrl(url).SetVoiceMethod("POST"))
			})
			if err == nil {
				a.app = str(made.Sid)
			}
			return err
		})
	}
	a.app = str(list[i].Sid)
	params := &api.UpdateApplicationParams{}
	var d differences
	see(&d, "voice URL", str(list[i].VoiceUrl), url, func(s string) { params.SetVoiceUrl(s) })
	see(&d, "voice method", str(list[i].VoiceMethod), "POST", func(s string) { params.SetVoiceMethod(s) })
	if len(d) == 0 {
		return nil
	}
	return a.do(Update, what, d.String(), func() error {
		return set(a.run, func() (*api.ApiV2010Application, error) { return a.own.Voice(a.ctx).UpdateApplication(a.app, params) })
	})
}

func (a *accountant) numbersOf(t *activities.Twilio) ([]api.ApiV2010IncomingPhoneNumber, error) {
	return again(a.run, true, func() ([]api.ApiV2010IncomingPhoneNumber, error) {
		return t.Voice(a.ctx).ListIncomingPhoneNumber((&api.ListIncomingPhoneNumberParams{}).SetPageSize(maxPage))
	})
}

// callerID finds the number that callers see, fetches it from the main account, or buys it.
func (a *accountant) callerID() error {
	wanted := a.Numbers.CallerID
	matches := func(n api.ApiV2010IncomingPhoneNumber) bool {
		if wanted != "" {
			return str(n.PhoneNumber) == wanted
		}
		return str(n.FriendlyName) == callerIDName
	}
	var own, main []api.ApiV2010IncomingPhoneNumber
	var err error
	if a.own != nil {
		if own, err = a.numbersOf(a.own); err != nil {
			return fmt.Errorf("list numbers: %w", err)
		}
	}
	if i := slices.IndexFunc(own, matches); i >= 0 {
		a.out.CallerID = str(own[i].PhoneNumber)
		return a.answersThere(own[i])
	}
	if a.owner && wanted != "" {
		if main, err = a.numbersOf(a.main); err != nil {
			return fmt.Errorf("list the main account's numbers: %w", err)
		}
	}
	if i := slices.IndexFunc(main, matches); i >= 0 {
		a.out.CallerID = wanted
		return a.do(Move, "number "+wanted, "from the main account, and callers see it", func() error { return a.fetchNumber(str(main[i].Sid)) })
	}
	return a.buyCallerID(wanted)
}

// answersThere makes a number that is called answer with the TwiML app.
func (a *accountant) answersThere(n api.ApiV2010IncomingPhoneNumber) error {
	if str(n.VoiceApplicationSid) == a.app {
		return nil
	}
	return a.do(Update, "number "+str(n.PhoneNumber), "what answers it", func() error { return a.answer(str(n.Sid)) })
}

func (a *accountant) answer(number string) error {
	params := (&api.UpdateIncomingPhoneNumberParams{}).SetVoiceApplicationSid(a.app).SetFriendlyName(callerIDName)
	return set(a.run, func() (*api.ApiV2010IncomingPhoneNumber, error) {
		return a.own.Voice(a.ctx).UpdateIncomingPhoneNumber(number, params)
	})
}

// fetchNumber moves a number from the main account. An app cannot be given in the same request: it is the other account's.
func (a *accountant) fetchNumber(number string) error {
	params := (&api.UpdateIncomingPhoneNumberParams{}).SetAccountSid(string(a.out.Account))
	err := set(a.run, func() (*api.ApiV2010IncomingPhoneNumber, error) {
		return a.main.Voice(a.ctx).UpdateIncomingPhoneNumber(number, params)
	})
	if err != nil {
		return err
	}
	return a.answer(number)
}

func (a *accountant) buyCallerID(wanted string) error {
	what, kind := "number "+wanted, "local"
	if a.Numbers.Mobile {
		kind = "mobile"
	}
	if wanted == "" {
		what = "a number that callers see"
		if a.Numbers.Country == "" {
			a.note(Blocked, what, "none is described for this environment: add it to numbers, caller_ids")
			return nil
		}
		what = fmt.Sprintf("a %s number of %s that callers see", kind, a.Numbers.Country)
	}
	if !a.buy {
		a.note(Blocked, what, "nobody here has it, and it costs money every month: -buy-numbers buys it")
		return nil
	}
	return a.do(Buy, what, "", func() (err error) {
		if wanted == "" {
			if wanted, err = a.onOffer(); err != nil {
				return err
			}
		}
		params := (&api.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(wanted).SetFriendlyName(callerIDName).SetVoiceApplicationSid(a.app)
		_, err = create(a.run, func() (*api.ApiV2010IncomingPhoneNumber, error) {
			return a.own.Voice(a.ctx).CreateIncomingPhoneNumber(params)
		})
		a.out.CallerID = wanted
		return err
	})
}

// onOffer is a number that can be bought.
func (a *accountant) onOffer() (string, error) {
	var number *string
	if a.Numbers.Mobile {
		list, err := again(a.run, true, func() ([]api.ApiV2010AvailablePhoneNumberMobile, error) {
			return a.own.Voice(a.ctx).ListAvailablePhoneNumberMobile(a.Numbers.Country, (&api.ListAvailablePhoneNumberMobileParams{}).SetVoiceEnabled(true).SetLimit(1))
		})
		if err != nil {
			return "", err
		}
		if len(list) > 0 {
			number = list[0].PhoneNumber
		}
	} else {
		list, err := again(a.run, true, func() ([]api.ApiV2010AvailablePhoneNumberLocal, error) {
			return a.own.Voice(a.ctx).ListAvailablePhoneNumberLocal(a.Numbers.Country, (&api.ListAvailablePhoneNumberLocalParams{}).SetVoiceEnabled(true).SetLimit(1))
		})
		if err != nil {
			return "", err
		}
		if len(list) > 0 {
			number = list[0].PhoneNumber
		}
	}
	if str(number) == "" {
		return "", fmt.Errorf("no such number is on offer in %s at present", a.Numbers.Country)
	}
	return *number, nil
}

// testPhones makes the main account's numbers answer with their documents.
func (a *accountant) testPhones() error {
	if len(a.Numbers.TestPhones) == 0 || !a.Environment.Tests() && a.Environment != (Environment{}) {
		return nil
	}
	if !a.owner && a.Environment != (Environment{}) {
		a.note(LeftAlone, "test phones", "they are the main account's, whose credentials were not given")
		return nil
	}
	have, err := a.numbersOf(a.main)
	if err != nil {
		return fmt.Errorf("list the main account's numbers: %w", err)
	}
	for _, want := range a.Numbers.TestPhones {
		if err := a.testPhone(want, have); err != nil {
			return err
		}
	}
	return nil
}

func (a *accountant) testPhone(want TestPhone, have []api.ApiV2010IncomingPhoneNumber) error {
	what := "test phone " + want.Number
	i := slices.IndexFunc(have, func(n api.ApiV2010IncomingPhoneNumber) bool { return str(n.PhoneNumber) == want.Number })
	switch {
	case i < 0 && !a.buy:
		a.note(Blocked, what, "the main account does not have it, and it costs money every month: -buy-numbers buys it")
		return nil
	case i < 0:
		params := (&api.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(want.Number).SetFriendlyName("Switchboard test phone").SetVoiceUrl(want.URL).SetVoiceMethod("GET")
		return a.do(Buy, what, "", func() error {
			_, err := create(a.run, func() (*api.ApiV2010IncomingPhoneNumber, error) {
				return a.main.Voice(a.ctx).CreateIncomingPhoneNumber(params)
			})
			return err
		})
	}
	params := &api.UpdateIncomingPhoneNumberParams{}
	var d differences
	see(&d, "its document", str(have[i].VoiceUrl), want.URL, func(s string) { params.SetVoiceUrl(s) })
	see(&d, "its method", str(have[i].VoiceMethod), "GET", func(s string) { params.SetVoiceMethod(s) })
	see(&d, "a TwiML app in its place", str(have[i].VoiceApplicationSid), "", func(s string) { params.SetVoiceApplicationSid(s) })
	if len(d) == 0 {
		return nil
	}
	return a.do(Update, what, d.String(), func() error {
		return set(a.run, func() (*api.ApiV2010IncomingPhoneNumber, error) {
			return a.main.Voice(a.ctx).UpdateIncomingPhoneNumber(str(have[i].Sid), params)
		})
	})
}
