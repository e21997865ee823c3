package simulator

import (
	"net/http"
	"strings"
)

// What Twilio allows an account to have, and to be called.
const (
	mostSubaccounts = 1000
	longestName     = 64
)

// permissionDenied answers credentials that are right, but not for this: a key where only the token
// will do, an account that is not one's own (20003's page).
func permissionDenied() *apiError {
	return refuse(http.StatusUnauthorized, 20003, "Authentication Error - You lack permission to the resource and method you requested")
}

// friendlyName reads a friendly name. The older API has its own code for a bad one.
func (r *request) friendlyName(or string) string {
	v := r.textOr("FriendlyName", or)
	if len([]rune(v)) > longestName {
		r.fail(refuse(400, 20002, "Invalid FriendlyName: it must not exceed %d characters", longestName))
	}
	return v
}

// createAccount makes a subaccount. Only the main account can have any.
func createAccount(s *Simulator, r *request) (reply, *apiError) {
	if r.account.parent != nil {
		return reply{}, permissionDenied()
	}
	name := r.friendlyName("")
	if name == "" {
		name = "SubAccount Created at " + s.now().UTC().Format("2006-01-02 03:04 pm")
	}
	if s.accounts.len()-1 >= mostSubaccounts {
		r.fail(refuse(400, 21480, "Reached maximum number of subaccounts"))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	sid := s.mint("AC", r.account.sid, name)
	a := s.addAccount(sid, s.mintSecret("auth token", sid), name, r.account)
	return created(a.body()), nil
}

// listAccounts lists whoever asks and its subaccounts.
func listAccounts(s *Simulator, r *request) (reply, *apiError) {
	status := r.oneOf("Status", "", accountActive, accountSuspended, accountClosed)
	if r.err != nil {
		return reply{}, r.err
	}
	var rows listing
	for a := range s.accounts.newestFirst() {
		switch {
		case !r.account.owns(a), status != "" && status != a.status,
			r.text("FriendlyName") != "" && r.text("FriendlyName") != a.friendlyName:
			continue
		}
		rows.add(a.sid, func() object { return a.body() })
	}
	return s.list2010(r, "accounts", rows)
}

func fetchAccount(_ *Simulator, r *request) (reply, *apiError) { return okay(r.account.body()), nil }

func updateAccount(s *Simulator, r *request) (reply, *apiError) {
	a := r.account
	name, status := r.friendlyName(a.friendlyName), r.text("Status")
	if status != "" {
		if err := r.mayBecome(a, status); err != nil {
			r.fail(err)
		}
	}
	if r.err != nil {
		return reply{}, r.err
	}
	a.friendlyName, a.updatedAt = name, s.now()
	if status == accountClosed && a.status != accountClosed {
		s.shutDown(a)
	}
	if status != "" {
		a.status = status
	}
	return okay(a.body()), nil
}

// mayBecome: only the parent suspends, closes and re-activates, and only its subaccounts.
func (r *request) mayBecome(a *account, status string) *apiError {
	switch {
	case status != accountActive && status != accountSuspended && status != accountClosed:
		return refuse(400, 21475, "Unable to update Status, invalid Status: it must be active, suspended or closed")
	case a.parent == nil:
		return refuse(400, 21477, "Unable to update Status for parent accounts")
	case r.signedIn != a.parent:
		return permissionDenied()
	case a.status == accountClosed && status != accountClosed:
		return refuse(400, 21479, "Unable to update Status for subaccount, subaccount has been closed")
	}
	return nil
}

// shutDown is what closing an account does beside its status: its calls end, and its numbers are free
// for others. What it did can still be read, by its parent. Suspending ends no call.
func (s *Simulator) shutDown(a *account) {
	for c := range s.liveCalls.all() {
		if c.account == a {
			s.end(c, callCompleted, ByTwilio)
		}
	}
	for n := range a.numbers.all() {
		a.release(n)
	}
}

// notActive answers what an account can do only while it is active, asked for by its parent; its own
// credentials do not even sign in.
func (a *account) notActive() *apiError {
	if a.status == accountActive {
		return nil
	}
	return refuse(http.StatusForbidden, 20005, "Account not active")
}

// subresources are the parts of an account that Twilio names with it. Many are not simulated.
var subresources = []struct{ name, path string }{
	{"addresses", "Addresses"}, {"applications", "Applications"}, {"authorized_connect_apps", "AuthorizedConnectApps"},
	{"available_phone_numbers", "AvailablePhoneNumbers"}, {"balance", "Balance"}, {"calls", "Calls"},
	{"conferences", "Conferences"}, {"connect_apps", "ConnectApps"}, {"incoming_phone_numbers", "IncomingPhoneNumbers"},
	{"keys", "Keys"}, {"messages", "Messages"}, {"notifications", "Notifications"},
	{"outgoing_caller_ids", "OutgoingCallerIds"}, {"queues", "Queues"}, {"recordings", "Recordings"},
	{"short_codes", "SMS/ShortCodes"}, {"signing_keys", "SigningKeys"}, {"sip", "SIP"},
	{"transcriptions", "Transcriptions"}, {"usage", "Usage"},
}

// uri is where the older API keeps an account.
func (a *account) uri() string { return "/2010-04-01/Accounts/" + a.sid }

func (a *account) body() object {
	owner := a
	if a.parent != nil {
		owner = a.parent
	}
	parts := object{}
	for _, part := range subresources {
		parts[part.name] = a.uri() + "/" + part.path + ".json"
	}
	return object{
		"sid": a.sid, "owner_account_sid": owner.sid, "friendly_name": a.friendlyName, "status": a.status, "type": "Full",
		"auth_token": a.token, "date_created": rfc2822(a.createdAt), "date_updated": rfc2822(a.updatedAt),
		"uri": a.uri() + ".json", "subresource_uris": parts,
	}
}

// createKey makes a key of the kind Standard. Its secret is in this reply and never again.
func createKey(s *Simulator, r *request) (reply, *apiError) {
	name := r.friendlyName("")
	if r.err != nil {
		return reply{}, r.err
	}
	k := &apiKey{sid: s.mint("SK", r.account.sid, name), friendlyName: name, createdAt: s.now(), updatedAt: s.now()}
	k.secret = s.mintSecret("secret", k.sid)
	r.account.keys.add(k.sid, k)
	body := k.body()
	body["secret"] = k.secret
	return created(body), nil
}

// listKeys is for Keys and SigningKeys: two names for the same thing.
func listKeys(s *Simulator, r *request) (reply, *apiError) {
	var rows listing
	for k := range r.account.keys.newestFirst() {
		rows.add(k.sid, func() object { return k.body() })
	}
	key := "keys"
	if strings.Contains(r.path, "/SigningKeys") {
		key = "signing_keys"
	}
	return s.list2010(r, key, rows)
}

func fetchKey(_ *Simulator, r *request) (reply, *apiError) {
	k, found := r.account.keys.get(r.vars["SK"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(k.body()), nil
}

func updateKey(s *Simulator, r *request) (reply, *apiError) {
	k, found := r.account.keys.get(r.vars["SK"])
	if !found {
		return reply{}, notFound(r.path)
	}
	name := r.friendlyName(k.friendlyName)
	if r.err != nil {
		return reply{}, r.err
	}
	k.friendlyName, k.updatedAt = name, s.now()
	return okay(k.body()), nil
}

func deleteKey(_ *Simulator, r *request) (reply, *apiError) {
	if _, found := r.account.keys.get(r.vars["SK"]); !found {
		return reply{}, notFound(r.path)
	}
	r.account.keys.remove(r.vars["SK"])
	return gone(), nil
}

func (k *apiKey) body() object {
	return object{
		"sid": k.sid, "friendly_name": k.friendlyName,
		"date_created": rfc2822(k.createdAt), "date_updated": rfc2822(k.updatedAt),
	}
}
