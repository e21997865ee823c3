package simulator

// appParameters are only stored: nothing here sends a message, and no other account dials an app.
const appParameters = smsParameters + " SmsStatusCallback MessageStatusCallback"

func createApplication(s *Simulator, r *request) (reply, *apiError) {
	app := &application{createdAt: s.now(), kept: settings{"public": "false"}}
	now := r.applicationSettings(*app)
	if r.err != nil {
		return reply{}, r.err
	}
	*app = now
	app.sid, app.updatedAt = s.mint("AP", r.account.sid, app.friendlyName), s.now()
	if app.friendlyName == "" {
		app.friendlyName = app.sid
	}
	r.account.applications.add(app.sid, app)
	return created(app.body(r.account)), nil
}

func (r *request) applicationSettings(app application) application {
	app.friendlyName = r.friendlyName(app.friendlyName)
	app.voice = r.voiceHandling(app.voice)
	public := r.boolean("PublicApplicationConnectEnabled", app.kept["public"] == "true")
	app.kept = r.keep(app.kept, appParameters)
	app.kept["public"] = trueFalse(public)
	return app
}

func listApplications(s *Simulator, r *request) (reply, *apiError) {
	var rows listing
	for app := range r.account.applications.newestFirst() {
		if name := r.text("FriendlyName"); name == "" || name == app.friendlyName {
			rows.add(app.sid, func() object { return app.body(r.account) })
		}
	}
	return s.list2010(r, "applications", rows)
}

func fetchApplication(_ *Simulator, r *request) (reply, *apiError) {
	app, found := r.account.applications.get(r.vars["AP"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(app.body(r.account)), nil
}

func updateApplication(s *Simulator, r *request) (reply, *apiError) {
	app, found := r.account.applications.get(r.vars["AP"])
	if !found {
		return reply{}, notFound(r.path)
	}
	now := r.applicationSettings(*app)
	if r.err != nil {
		return reply{}, r.err
	}
	*app = now
	app.updatedAt = s.now()
	return okay(app.body(r.account)), nil
}

// deleteApplication takes the app off the numbers that had it: their own settings rule again.
func deleteApplication(_ *Simulator, r *request) (reply, *apiError) {
	app, found := r.account.applications.get(r.vars["AP"])
	if !found {
		return reply{}, notFound(r.path)
	}
	r.account.applications.remove(app.sid)
	for n := range r.account.numbers.all() {
		if n.application == app.sid {
			n.application = ""
		}
		if n.kept["SmsApplicationSid"] == app.sid {
			n.kept["SmsApplicationSid"] = ""
		}
	}
	return gone(), nil
}

func (app *application) body(owner *account) object {
	body := app.voice.fields(app.kept)
	for name, value := range map[string]any{
		"sid": app.sid, "account_sid": owner.sid, "friendly_name": app.friendlyName,
		"date_created": rfc2822(app.createdAt), "date_updated": rfc2822(app.updatedAt),
		"sms_status_callback": app.kept["SmsStatusCallback"], "message_status_callback": app.kept["MessageStatusCallback"],
		"public_application_connect_enabled": app.kept["public"] == "true",
		"uri":                                owner.uri() + "/Applications/" + app.sid + ".json",
	} {
		body[name] = value
	}
	return body
}
