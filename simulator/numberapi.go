package simulator

import (
	"strings"
)

// createNumber buys a number. Every number that looks like one can be bought that nobody has: the
// simulator keeps no stock. Numbers for drama (Ofcom's +447700900000–900999 and +442079460000–0999)
// can never be anybody's by accident.
func createNumber(s *Simulator, r *request) (reply, *apiError) {
	e164number := r.required("PhoneNumber")
	owner, _ := s.numberOwner(e164number)
	switch {
	case e164number == "":
	case !e164.MatchString(e164number):
		r.fail(refuse(400, 21421, "PhoneNumber is invalid: %s", e164number))
	case owner != nil:
		r.fail(refuse(400, 21422, "PhoneNumber is not available: %s", e164number))
	}
	n := &ownedNumber{e164: e164number, createdAt: s.now()}
	if wanted := r.numberKind(); wanted != "" && wanted != n.kind() {
		r.fail(refuse(400, 21458, "PhoneNumber Provisioning Type Mismatch: %s is %s", e164number, n.kind()))
	}
	now := r.numberSettings(*n)
	if r.err != nil {
		return reply{}, r.err
	}
	*n = now
	n.sid, n.updatedAt = s.mint("PN", e164number), s.now()
	r.account.own(n)
	return created(r.numberBody(n)), nil
}

// own gives an account a number.
func (a *account) own(n *ownedNumber) {
	a.numbers.add(n.sid, n)
	a.numbersByE164[n.e164] = n
}

// numberKind is the kind that the path asks for: /IncomingPhoneNumbers/Mobile.json. "": any.
func (r *request) numberKind() string {
	for _, kind := range []string{"Local", "Mobile"} {
		if strings.HasSuffix(r.path, "/"+kind+".json") {
			return strings.ToLower(kind)
		}
	}
	return ""
}

// numberSettings reads what a number can be set to, over what it was.
func (r *request) numberSettings(n ownedNumber) ownedNumber {
	n.friendlyName = r.friendlyName(n.friendlyName)
	if n.friendlyName == "" {
		n.friendlyName = n.e164
	}
	n.voice = r.voiceHandling(n.voice)
	n.application = r.applicationSID("VoiceApplicationSid", n.application)
	n.kept = r.keep(n.kept, smsParameters+" "+papers)
	n.kept["SmsApplicationSid"] = r.applicationSID("SmsApplicationSid", n.kept["SmsApplicationSid"])
	n.kept["EmergencyStatus"] = r.oneOf("EmergencyStatus", n.kept["EmergencyStatus"], "Active", "Inactive")
	if r.oneOf("VoiceReceiveMode", "voice", "voice", "fax") == "fax" {
		r.fail(invalid("VoiceReceiveMode fax is not simulated"))
	}
	return n
}

// applicationSID reads the SID of a TwiML app of the account; empty for none.
func (r *request) applicationSID(name, or string) string {
	sid := r.textOr(name, or)
	if sid == or || sid == "" {
		return sid
	}
	if _, found := r.account.applications.get(sid); !found {
		r.fail(refuse(400, 21420, "ApplicationSid is not accessible: %s", name))
	}
	return sid
}

func listNumbers(s *Simulator, r *request) (reply, *apiError) {
	kind, beta := r.numberKind(), r.boolean("Beta", false)
	origin := r.oneOf("Origin", "", "twilio", "hosted")
	if r.err != nil {
		return reply{}, r.err
	}
	var rows listing
	for n := range r.account.numbers.newestFirst() {
		switch {
		case kind != "" && kind != n.kind(),
			beta, origin == "hosted", // there are no such numbers
			r.text("FriendlyName") != "" && r.text("FriendlyName") != n.friendlyName,
			!matchesPattern(r.text("PhoneNumber"), n.e164):
			continue
		}
		rows.add(n.sid, func() object { return r.numberBody(n) })
	}
	return s.list2010(r, "incoming_phone_numbers", rows)
}

// matchesPattern: a filter names part of the number, and a "*" stands for any digit.
func matchesPattern(pattern, number string) bool {
	for start := 0; start+len(pattern) <= len(number); start++ {
		fits := true
		for i := range len(pattern) {
			fits = fits && (pattern[i] == '*' || pattern[i] == number[start+i])
		}
		if fits {
			return true
		}
	}
	return false
}

func fetchNumber(_ *Simulator, r *request) (reply, *apiError) {
	n, found := r.account.numbers.get(r.vars["PN"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(r.numberBody(n)), nil
}

func updateNumber(s *Simulator, r *request) (reply, *apiError) {
	n, found := r.account.numbers.get(r.vars["PN"])
	if !found {
		return reply{}, notFound(r.path)
	}
	now := r.numberSettings(*n)
	owner, err := s.newOwner(r)
	if err != nil {
		r.fail(err)
	}
	if r.err != nil {
		return reply{}, r.err
	}
	*n = now
	n.updatedAt = s.now()
	if owner != r.account {
		r.account.release(n)
		n.application, n.kept["SmsApplicationSid"] = "", "" // apps stay where they are
		owner.own(n)
	}
	return okay(n.body(owner)), nil
}

// newOwner reads AccountSid, which moves a number between the main account and its subaccounts. Only
// the main account can.
func (s *Simulator) newOwner(r *request) (*account, *apiError) {
	sid := r.text("AccountSid")
	if sid == "" || sid == r.account.sid {
		return r.account, nil
	}
	to, found := s.accounts.get(sid)
	switch {
	case !isSID("AC", sid):
		return nil, refuse(400, 21470, "Invalid AccountSid")
	case r.signedIn.parent != nil:
		return nil, refuse(400, 21474, "API User must be the parent account to transfer phone numbers")
	case !found:
		return nil, refuse(400, 21471, "Account does not exist")
	case !r.signedIn.owns(to):
		return nil, refuse(400, 21473, "AccountSid you are transferring to is not related to the originating owner of the phone number")
	case to.status != accountActive:
		return nil, refuse(400, 21472, "Account is not active")
	}
	return to, nil
}

func deleteNumber(_ *Simulator, r *request) (reply, *apiError) {
	n, found := r.account.numbers.get(r.vars["PN"])
	if !found {
		return reply{}, notFound(r.path)
	}
	r.account.release(n)
	return gone(), nil
}

// numberBody is the body of a number as the path asks for it: by kind, it does not tell the kind.
func (r *request) numberBody(n *ownedNumber) object {
	body := n.body(r.account)
	if r.numberKind() != "" {
		delete(body, "type")
	}
	return body
}

func (n *ownedNumber) body(owner *account) object {
	body := n.voice.fields(n.kept)
	for name, value := range map[string]any{
		"sid": n.sid, "account_sid": owner.sid, "phone_number": n.e164, "friendly_name": n.friendlyName,
		"date_created": rfc2822(n.createdAt), "date_updated": rfc2822(n.updatedAt),
		"address_requirements": "none", "beta": false, "origin": "twilio", "status": "in-use", "type": n.kind(),
		"capabilities":          capabilities,
		"voice_application_sid": n.application, "voice_receive_mode": "voice", "sms_application_sid": n.kept["SmsApplicationSid"],
		"trunk_sid": nil, "address_sid": textOrNull(n.kept["AddressSid"]), "identity_sid": textOrNull(n.kept["IdentitySid"]),
		"bundle_sid": textOrNull(n.kept["BundleSid"]), "emergency_address_sid": textOrNull(n.kept["EmergencyAddressSid"]),
		"emergency_status": "Inactive", "emergency_address_status": "unregistered",
		"uri": owner.uri() + "/IncomingPhoneNumbers/" + n.sid + ".json",
	} {
		body[name] = value
	}
	if n.kept["EmergencyStatus"] != "" {
		body["emergency_status"] = n.kept["EmergencyStatus"]
	}
	return body
}
