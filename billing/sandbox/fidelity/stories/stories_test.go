package stories_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox/fidelity/node"
	"example.com/tollgate/billing/sandbox/fidelity/stories"
	"example.com/tollgate/billing/sandbox/fidelity/table"
)

// TestStories is the judges stories-go and stories-node. Each client plays against a sandbox of its own, with a tape
// in between; in the end the tapes must tell the same, request by request and answer by answer.
func TestStories(t *testing.T) {
	t.Parallel()
	onGo, goTape := newTarget(t)
	onNode, nodeTape := newTarget(t)
	t.Run("clients", func(t *testing.T) {
		t.Run("stripe-go", func(t *testing.T) {
			t.Parallel()
			told, err := stories.PlayOnGo(t.Context(), onGo, stories.Told()...)
			if err != nil {
				t.Fatal(err)
			}
			report(t, "stories-go", told)
		})
		t.Run("stripe-node", func(t *testing.T) {
			t.Parallel()
			told, err := stories.PlayOnNode(node.Installed(t))(t.Context(), onNode)
			if err != nil {
				t.Fatal(err)
			}
			report(t, "stories-node", told)
		})
	})
	t.Run("tell the same", func(t *testing.T) {
		for _, story := range stories.All() {
			for _, d := range stories.Differences(goTape.Told(story.Name), nodeTape.Told(story.Name)) {
				t.Errorf("%s: %s", story.Name, d)
			}
		}
	})
}

// report holds what was told against the one list of stories, and counts.
func report(t *testing.T, judge string, told map[string]error) {
	t.Helper()
	passed, pages := 0, map[string]bool{}
	for _, story := range stories.All() {
		if !strings.HasPrefix(story.Page, "https://docs.stripe.com/") {
			t.Errorf("%s cites %s, which is not Stripe's documentation", story.Name, story.Page)
		}
		pages[story.Page] = true
		err, there := told[story.Name]
		delete(told, story.Name)
		switch {
		case !there:
			t.Errorf("%s: there is no script for it", story.Name)
		case err != nil:
			t.Errorf("%s: %v\n\tdocumented at %s", story.Name, err, story.Page)
		default:
			passed++
		}
	}
	for name := range told {
		t.Errorf("%s has a script, and is not in the list of stories", name)
	}
	table.Report(t, judge, fmt.Sprintf("%d of %d stories, from %d pages", passed, len(stories.All()), len(pages)))
}
