package chromium_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"switchboard/features/chromium"
)

const html = `<!doctype html><title>page</title><link rel="icon" href="data:,">
<button data-qa="go" disabled>Go</button> <p data-qa="said"></p> <p data-qa="hidden" hidden>secret</p>
<select data-qa="list"><option value="1">One</option><option value="2">Two</option></select> <textarea data-qa="field">old</textarea>
<p data-qa="socket"></p> <p data-qa="microphone"></p>
<script>
const qa = (n) => document.querySelector('[data-qa="' + n + '"]');
qa("go").onclick = () => qa("said").textContent = qa("list").value + " " + qa("field").value;
setTimeout(() => qa("go").disabled = false, 100);
const stored = localStorage.getItem("x"); localStorage.setItem("x", "before");
document.title = stored || "new";
async function listen() {
  window.stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const track = stream.getAudioTracks()[0];
  qa("microphone").textContent = "live";
  track.onended = async () => {
    const left = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "audioinput").length;
    qa("microphone").textContent = "ended, " + left + " left";
  };
  return true;
}
function connect() {
  const s = new WebSocket("ws://" + location.host + "/socket");
  s.onopen = () => qa("socket").textContent = "open";
  s.onclose = (e) => { qa("socket").textContent = "closed " + e.code; setTimeout(connect, 50); };
}
connect();
</script>`

func serve(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(html))
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			_, _, _ = c.Read(r.Context())
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/"
}

func says(t *testing.T, p *chromium.Page, qa, want string) {
	t.Helper()
	var got chromium.Element
	if err := p.Until(qa+" says "+want, func() (is bool, err error) {
		got, err = p.Look(qa)
		return strings.HasPrefix(got.Text, want), err
	}); err != nil {
		t.Fatalf("%v; it says %q", err, got.Text)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPage(t *testing.T) {
	address := serve(t)
	b := chromium.Start(t, chromium.Options{Microphone: 440})
	p, err := b.Open(address)
	must(t, err)

	t.Run("is used as a hand would", func(t *testing.T) {
		must(t, p.Choose("list", "Two"))
		must(t, p.Write("field", "new"))
		must(t, p.Click("go")) // not before it is enabled
		says(t, p, "said", "2 new")
		if e, err := p.Look("hidden"); err != nil || e.Visible || e.Text != "" {
			t.Errorf("what is hidden was seen: %+v, %v", e, err)
		}
	})

	t.Run("hears the microphone's tone", func(t *testing.T) {
		if _, err := chromium.Eval[bool](p, "listen()"); err != nil {
			t.Fatal(err)
		}
		tones, err := p.Tones("window.stream")
		if err != nil || len(tones) == 0 || !chromium.Near(tones[:1], 440) || chromium.Near(tones, 660) {
			t.Errorf("heard %v, %v; want 440 Hz loudest", tones, err)
		}
	})

	t.Run("loses the microphone and finds it again", func(t *testing.T) {
		must(t, p.Unplug())
		says(t, p, "microphone", "ended, 0 left")
		if _, err := chromium.Eval[bool](p, "listen()"); err == nil || !strings.Contains(err.Error(), "NotFoundError") {
			t.Errorf("asked for a microphone that is not there: %v", err)
		}
		must(t, p.Plug())
		if _, err := chromium.Eval[bool](p, "listen()"); err != nil {
			t.Error(err)
		}
		says(t, p, "microphone", "live")
	})

	t.Run("loses its sockets and finds them again", func(t *testing.T) {
		says(t, p, "socket", "open")
		must(t, p.Cut("/socket"))
		says(t, p, "socket", "closed 1006")
		must(t, p.Mend())
		says(t, p, "socket", "open")
	})

	t.Run("is shown in a picture", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "page.png")
		must(t, p.Screenshot(path))
		if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
			t.Errorf("%v, %v", info, err)
		}
	})

	t.Run("is one person's, tabs included", func(t *testing.T) {
		for _, c := range []struct {
			what string
			open func() (*chromium.Page, error)
			want string
		}{
			{"a second tab", func() (*chromium.Page, error) { return b.OpenBeside(p, address) }, "before"},
			{"another person's page", func() (*chromium.Page, error) { return b.Open(address) }, "new"},
		} {
			other, err := c.open()
			must(t, err)
			if title, err := chromium.Eval[string](other, "document.title"); err != nil || title != c.want {
				t.Errorf("%s finds %q stored, want %q (%v)", c.what, title, c.want, err)
			}
			other.Close()
		}
	})

	t.Run("crashes and is loaded again", func(t *testing.T) {
		if _, err := chromium.Eval[any](p, `window.onbeforeunload = (e) => e.preventDefault(); null`); err != nil {
			t.Fatal(err)
		}
		must(t, p.Reload()) // although it asks
		must(t, p.Crash())
		must(t, p.Reload())
		says(t, p, "socket", "open")
	})
}

func TestWhatTheConsoleShows(t *testing.T) {
	b := chromium.Start(t, chromium.Options{})
	p, err := b.Open(serve(t))
	must(t, err)
	if got := p.Problems(); len(got) > 0 {
		t.Errorf("problems of a page without any: %q", got)
	}
	for _, script := range []string{
		`console.error("broken", 1)`, `setTimeout(() => { throw new Error("thrown") })`, `void Promise.reject(new Error("rejected"))`,
		`console.warn("only a warning")`, `fetch("http://outside.example/").catch(() => 0)`,
	} {
		if _, err := chromium.Eval[any](p, script+"; null"); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"error: broken 1", "thrown", "rejected", "outside.example"} {
		if err := p.Until(want+" is a problem", func() (bool, error) {
			return strings.Contains(strings.Join(p.Problems(), "\n"), want), nil
		}); err != nil {
			t.Errorf("%v; problems: %q", err, p.Problems())
		}
	}
	if all := strings.Join(p.Problems(), "\n"); strings.Contains(all, "only a warning") {
		t.Errorf("a warning is a problem: %s", all)
	}
	if urls := strings.Join(p.URLs(), " "); !strings.Contains(urls, "/socket") || !strings.Contains(urls, "outside.example") {
		t.Errorf("the page asked for %s", urls)
	}
}
