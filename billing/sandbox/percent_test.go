package sandbox

import "testing"

// TestPercent reads what clients send, and nothing that is no decimal number: what is stored is printed as JSON.
func TestPercent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"25": "25", "25.0000": "25", "7.25": "7.25", "33.3333": "33.3333", "0": "0", "0.0000": "0", "100": "100",
		"100.01": "", "-1": "", "1/3": "", "0x10": "", "1e1": "", "": "", "1_0": "", ".5": "",
	} {
		if got, ok := percent(text); string(got) != want || ok != (want != "") {
			t.Errorf("percent(%q) is %q, %t, and should be %q", text, got, ok, want)
		}
	}
}
