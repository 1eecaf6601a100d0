package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEntitlementsExplainThemselves(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		free := b.get("/api/me/entitlements").json()
		require.Equal(t, "free", free["plan"])
		require.Equal(t, "none", free["level"])
		require.Equal(t, "free", free["reason"])
		require.Nil(t, free["until"])
		require.Equal(t, map[string]any{"export": false, "api": false, "prioritized": false}, free["features"])
		require.EqualValues(t, 3, free["limits"].(map[string]any)["projects"])

		b.subscribe("pro_v1_month")
		pro := b.get("/api/me/entitlements").json()
		require.Equal(t, "pro", pro["plan"])
		require.Equal(t, "full", pro["level"])
		require.Equal(t, "trialing", pro["reason"])
		require.NotNil(t, pro["until"])
		require.EqualValues(t, -1, pro["limits"].(map[string]any)["projects"])
	})
}

func TestAPIAnswersProgramsInJSON(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		visitor := s.browser(t).get("/api/me/entitlements")
		require.Equal(t, http.StatusUnauthorized, visitor.status)
		problem := visitor.json()["error"].(map[string]any)
		require.Equal(t, "unauthorized", problem["code"])
		require.NotEmpty(t, problem["message"])
		require.Equal(t, visitor.header.Get("X-Request-Id"), problem["request_id"])

		require.Equal(t, http.StatusNotFound, s.browser(t).get("/api/nothing").status)
		require.Equal(t, "not_found", s.browser(t).get("/api/nothing").json()["error"].(map[string]any)["code"])

		b := s.signedUp(t, "ada")
		refused := b.get("/api/projects")
		require.Equal(t, http.StatusPaymentRequired, refused.status)
		require.Equal(t, "plan_required", refused.json()["error"].(map[string]any)["code"])
	})
}

func TestAPIKeysWorkAndCanBeRevoked(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedUp(t, "ada")
		b.subscribe("pro_v1_month")
		b.createProject("Bridge")
		made := b.submit(b.get("/app/settings"), `form[action="/app/settings/api-keys"]`, url.Values{"name": {"Backup"}})
		if made.status == http.StatusSeeOther {
			made = b.get(made.location)
		}
		key := made.doc().Find("#new-key").First().Text()
		require.NotEmpty(t, key, "the key is shown once")
		require.NotContains(t, string(b.get("/app/settings").body), key, "and only once")

		call := func(key string) answer {
			r := s.browser(t).request(http.MethodGet, "/api/projects", nil)
			r.Header.Set("Authorization", "Bearer "+key)
			return s.browser(t).do(r)
		}
		list := call(key)
		require.Equal(t, http.StatusOK, list.status, string(list.body))
		require.EqualValues(t, 1, list.json()["total"])
		require.Equal(t, http.StatusUnauthorized, call(key+"x").status)

		revoke := b.get("/app/settings").doc().Find(`form[action*="/api-keys/"]`).AttrOr("action", "")
		require.Equal(t, http.StatusSeeOther, b.post(revoke, url.Values{"_csrf": {b.token()}}).status)
		require.Equal(t, http.StatusUnauthorized, call(key).status)
	})
}
