package auth_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/tollgate/models"
	"example.com/tollgate/models/modelstest"
)

func TestAProofLastsAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := setup(t, db)
		user := b.verified(t, "ada@example.com")
		br, other := b.signIn(t, user), b.signIn(t, user)
		assert.True(t, b.auth.Confirmed(b.who(t, br)), "signing in is a proof")
		b.clock.Advance(15 * time.Minute)
		assert.False(t, b.auth.Confirmed(b.who(t, br)))
		confirm := func(proof string) error { return b.auth.Confirm(t.Context(), b.who(t, br), proof) }
		for _, wrong := range []string{"", "not the password", "123456", "abcd-efgh-ijkl-mnop-qrst-uvwx"} {
			assert.Equal(t, map[string]string{"_confirm": "proof_wrong"}, fields(confirm(wrong)), wrong)
		}
		assert.False(t, b.auth.Confirmed(b.who(t, br)))
		require.NoError(t, confirm(goodPassword))
		assert.True(t, b.auth.Confirmed(b.who(t, br)))
		assert.False(t, b.auth.Confirmed(b.who(t, other)), "another session's proof is its own")

		phone, codes := b.enrolled(t, br)
		for _, proof := range []string{phone.at(t, 0), codes[0], goodPassword} {
			b.clock.Advance(15 * time.Minute)
			if proof != goodPassword && proof != codes[0] {
				assert.NotEmpty(t, fields(confirm(proof)), "of a quarter of an hour ago")
				proof = phone.at(t, 0)
			}
			require.False(t, b.auth.Confirmed(b.who(t, br)))
			require.NoError(t, confirm(proof))
			assert.True(t, b.auth.Confirmed(b.who(t, br)))
		}
		assert.NotEmpty(t, fields(confirm(codes[0])), "it works once here too")
		for range 12 {
			_ = confirm(phone.wrong(t))
		}
		assert.Equal(t, "codes_limited", code(confirm(phone.at(t, time.Minute))))
		require.NoError(t, confirm(goodPassword), "wrong codes do not stop the password")
	})
}
