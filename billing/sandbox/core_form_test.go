package sandbox

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeForm(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]Params{
		"":                        {},
		"a=1&b=":                  {"a": "1", "b": ""},
		"a[b][c]=1&a[b][d]=2":     {"a": Params{"b": Params{"c": "1", "d": "2"}}},
		"a[]=1&a[]=2":             {"a": []any{"1", "2"}},
		"a[1]=y&a[0]=x":           {"a": []any{"x", "y"}},
		"a[0][p]=1&a[0][q]=2":     {"a": []any{Params{"p": "1", "q": "2"}}},
		"a[][p]=1&a[][q]=2":       {"a": []any{Params{"p": "1", "q": "2"}}},
		"a[][p]=1&a[][p]=2":       {"a": []any{Params{"p": "1"}, Params{"p": "2"}}},
		"a%5Bb%5D=x+y%26z":        {"a": Params{"b": "x y&z"}},
		"m[plan]=pro&m[seats]=03": {"m": Params{"plan": "pro", "seats": "03"}},
		"m[01]=x":                 {"m": Params{"01": "x"}},
	} {
		got, err := decodeForm(form)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
	}
	for _, form := range []string{
		"a=1&a[b]=2", "a[b]=2&a=1", "a[b=1", "[a]=1", "=1", "a[b]c=1", "%zz=1", "%00path=x",
		"a" + strings.Repeat("[b]", 20) + "=1", strings.Repeat("a=1&", 3000),
	} {
		if got, err := decodeForm(form); err == nil {
			t.Errorf("%.40s was accepted as %v", form, got)
		}
	}
}

func FuzzDecodeForm(f *testing.F) {
	f.Add("a[b][0][c]=1&a[]=2")
	f.Fuzz(func(t *testing.T, form string) {
		p, err := decodeForm(form)
		if err == nil && canonical(p) == "" {
			t.Error("no canonical form")
		}
	})
}

func TestPreviousAttributesNests(t *testing.T) {
	t.Parallel()
	before := Object{
		"id": "sub_1", "status": "trialing", "metadata": Object{"a": "1"},
		"items": Object{"object": "list", "data": []any{Object{"id": "si_1", "quantity": int64(1)}}},
		"same":  Object{"x": int64(1)}, "default": nil,
	}
	after := before.Clone()
	after["status"] = "active"
	after.Set("metadata.b", "2")
	after.Set("items.data.0.quantity", int64(2))
	after["default"] = "pm_1"
	want := Object{
		"status": "trialing", "metadata": Object{"b": nil}, "default": nil,
		"items": Object{"data": []any{Object{"id": "si_1", "quantity": int64(1)}}},
	}
	if diff := cmp.Diff(want, previousAttributes(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestObjectPaths(t *testing.T) {
	t.Parallel()
	o := Object{"items": Object{"object": "list", "data": []any{Object{"price": Object{"id": "price_1", "n": int64(5)}}}}}
	if o.Str("items.data.0.price.id") != "price_1" || o.Int("items.data.0.price.n") != 5 || len(o.List("items")) != 1 {
		t.Errorf("%v", o)
	}
	for _, path := range []string{"items.data.1.price", "none", "items.data.x", "items.data.0.price.id.deeper"} {
		if o.Has(path) || o.Str(path) != "" || o.Obj(path) != nil {
			t.Errorf("%s is there", path)
		}
	}
	o.Set("a.b.c", 1)
	o.Set("items.data.0.price.n", 6)
	copied := o.Clone()
	o.Set("items.data.0.price.n", 7)
	if copied.Int("a.b.c") != 1 || copied.Int("items.data.0.price.n") != 6 {
		t.Errorf("%v", copied)
	}
	defer func() {
		if recover() == nil {
			t.Error("a float was accepted")
		}
	}()
	Object{"amount": 1.5}.Clone()
}

// The reader and the writer of stored JSON agree with encoding/json on everything.
func FuzzStoredJSON(f *testing.F) {
	f.Add(`{"a":[1,-2,0.5,1e3,"x",null,true,false,{}],"b":{"c":"\u00e9\n\"<&>é \ud800"},"":[]}`)
	f.Add(`{"":{"x":"}\\\""},"data":{"y":["]",{}]}}`)
	f.Add(`{"a":01}`)
	f.Add(`{"a":1}x`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			_, _ = decodeObject(text) // Must not panic.
			return
		}
		var want map[string]any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if dec.Decode(&want) != nil || want == nil {
			return
		}
		got, err := decodeObject(text)
		if err != nil {
			if strings.Contains(err.Error(), "deeply") {
				return
			}
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(Object(want).Clone(), got); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
		for _, indent := range []string{"", "  "} {
			written := Object{"data": encoded(encode(got, "")), "more": []any{int64(1)}}
			if a, b := encode(written, indent), encode(Object{"data": got, "more": []any{int64(1)}}, indent); !bytes.Equal(a, b) {
				t.Fatalf("written again it is %s, not %s", a, b)
			}
			envelope, err := decodeEnvelope(string(encode(written, indent)))
			if err != nil {
				t.Fatal(err)
			}
			if sealed := envelope["data"].(encoded); indent == "" && sealed != written["data"].(encoded) {
				t.Fatalf("the data is %s, not %s", sealed, written["data"])
			}
			again, err := decodeObject(string(encode(got, indent)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Fatalf("%q came back changed: %s", text, diff)
			}
			if !json.Valid(encode(got, indent)) {
				t.Fatalf("%q became %s", text, encode(got, indent))
			}
		}
	})
}

func TestIDsHaveStripesShape(t *testing.T) {
	t.Parallel()
	s := &Sandbox{opts: Options{Random: rand.Reader}, accountID: "acct_1ABCDEFGHIJKLMN"}
	for prefix, length := range map[string]int{"cus_": 18, "prod_": 19, "sub_": 28, "evt_": 28, "cs_test_": 66, "": 8} {
		id := s.newID(prefix, 1_800_000_000)
		if !strings.HasPrefix(id, prefix) || len(id) != length {
			t.Errorf("%s has %d characters, want %d", id, len(id), length)
		}
	}
	if a, b := s.newID("sub_", 1_800_000_000), s.newID("sub_", 1_800_000_001); a >= b {
		t.Errorf("%s is not before %s", a, b)
	}
}
