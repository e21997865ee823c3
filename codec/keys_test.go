package codec

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

const secret = "Zoë Bloggs +447700900123"

func key(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, keyBytes)) }

func keys(t testing.TB, entries ...string) Keys {
	t.Helper()
	k, err := ParseKeys(strings.Join(entries, ","))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func payload(t testing.TB, text string) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func encrypted(t testing.TB, k Keys, text string) *commonpb.Payload {
	t.Helper()
	out, err := k.Encode([]*commonpb.Payload{payload(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func TestWhatIsEncryptedCannotBeReadAndComesBack(t *testing.T) {
	k := keys(t, "2026-11:"+key(1))
	a, b := encrypted(t, k, secret), encrypted(t, k, secret)
	raw, _ := proto.Marshal(a)
	if bytes.Contains(raw, []byte("Bloggs")) || bytes.Contains(raw, []byte("json/plain")) || !bytes.Contains(raw, []byte("2026-11")) {
		t.Errorf("got %q, want the key's identity and nothing else of it", raw)
	}
	if bytes.Equal(a.Data, b.Data) {
		t.Error("the same text twice is the same twice: somebody could tell that two callers are one")
	}
	out, err := k.Decode([]*commonpb.Payload{a, payload(t, "in the clear")})
	if err != nil || !proto.Equal(out[0], payload(t, secret)) || !proto.Equal(out[1], payload(t, "in the clear")) {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestRotation(t *testing.T) {
	before := keys(t, "old:"+key(1))
	during := keys(t, "new:"+key(2), "old:"+key(1))
	after := keys(t, "new:"+key(2))
	old, young := encrypted(t, before, secret), encrypted(t, during, secret)
	for name, c := range map[string]struct {
		keys    Keys
		payload *commonpb.Payload
		missing string
	}{
		"old, during": {during, old, ""}, "new, during": {during, young, ""}, "new, after": {after, young, ""},
		"new, before": {before, young, "new"}, "old, after": {after, old, "old"}, "none": {Keys{}, old, "old"},
	} {
		_, err := c.keys.Decode([]*commonpb.Payload{c.payload})
		unknown, _ := errors.AsType[*UnknownKeyError](err)
		if c.missing == "" && err != nil || c.missing != "" && (unknown == nil || unknown.ID != c.missing || !strings.Contains(err.Error(), "SWITCHBOARD_ENCRYPTION_KEYS")) {
			t.Errorf("%s: got %v, want %q to be missing", name, err, c.missing)
		}
	}
	if !slices.Equal(during.IDs(), []string{"new", "old"}) {
		t.Errorf("got %v", during.IDs())
	}
}

func TestWhatWasChangedIsRefused(t *testing.T) {
	k := keys(t, "a:"+key(1), "b:"+key(2))
	for name, change := range map[string]func(*commonpb.Payload){
		"a bit":              func(p *commonpb.Payload) { p.Data[len(p.Data)/2] ^= 1 },
		"cut off":            func(p *commonpb.Payload) { p.Data = p.Data[:len(p.Data)-1] },
		"nothing":            func(p *commonpb.Payload) { p.Data = nil },
		"another key's name": func(p *commonpb.Payload) { p.Metadata[metadataKeyID] = []byte("b") },
		"no key's name":      func(p *commonpb.Payload) { p.Metadata[metadataKeyID] = []byte("\x00 " + secret) },
	} {
		p := encrypted(t, k, secret)
		change(p)
		_, err := k.Decode([]*commonpb.Payload{p})
		if !errors.Is(err, ErrChanged) || strings.Contains(err.Error(), "Bloggs") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	other := keys(t, "a:"+key(3)) // the same name for another key
	if _, err := other.Decode([]*commonpb.Payload{encrypted(t, k, secret)}); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	short := base64.StdEncoding.EncodeToString([]byte("too short"))
	_, err := ParseKeys("good:" + key(1) + ",:" + key(2) + "\nshort:" + short + "\ngood:" + key(3) + ",nokey")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"entry 2: the identity", "entry 3: after the identity", "entry 4: its identity", "entry 5: after the identity"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if strings.Contains(err.Error(), short) || strings.Contains(err.Error(), key(2)) {
		t.Errorf("a key is repeated: %v", err)
	}
	if _, err := ParseKeys(" \n"); err == nil || !strings.Contains(err.Error(), "there is no key") {
		t.Errorf("got %v", err)
	}
}
