package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v81"

	"example.com/tollgate/billing"
	"example.com/tollgate/billing/gateway"
	"example.com/tollgate/billing/sandbox"
	"example.com/tollgate/billing/sandbox/sandboxtest"
)

const patience = 20 * time.Second

// TestFailuresAreToldApart has what each answer of Stripe's means to those who decide what to do next.
func TestFailuresAreToldApart(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	g := gateway.New(gateway.Options{
		SecretKey: s.SecretKey(), APIBase: s.URL(), MaxRPS: 100, NetworkRetries: stripe.Int64(0),
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kinds := []error{billing.ErrNotFound, billing.ErrUnavailable, billing.ErrUncertain, billing.ErrRefused}
	for status, want := range map[int]error{
		http.StatusBadRequest: billing.ErrRefused, http.StatusPaymentRequired: billing.ErrRefused,
		http.StatusUnauthorized: billing.ErrUnavailable, http.StatusForbidden: billing.ErrUnavailable,
		http.StatusNotFound: billing.ErrNotFound, http.StatusConflict: billing.ErrUnavailable,
		http.StatusTooManyRequests: billing.ErrUnavailable, http.StatusInternalServerError: billing.ErrUncertain,
		http.StatusServiceUnavailable: billing.ErrUncertain, 0: billing.ErrUnavailable,
	} {
		s.AddFault(sandbox.Fault{Match: "POST /v1/customers", Status: status, Cut: status == 0, Times: -1})
		_, err := g.CreateCustomer(ctx, billing.CustomerParams{Email: "ada@example.com", Name: "Ada"},
			fmt.Sprint("key-", status)) // A key of its own: Stripe remembers some failures under it.
		s.ClearFaults()
		require.Error(t, err, status)
		for _, kind := range kinds {
			if kind == want {
				require.ErrorIs(t, err, kind, status)
			} else {
				require.NotErrorIs(t, err, kind, status)
			}
		}
	}
	canceled, stop := context.WithCancel(ctx)
	stop()
	_, err := g.FetchCustomer(canceled, "cus_1")
	require.ErrorIs(t, err, billing.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
}

// TestF17_NothingIsDecidedBySearch: what Stripe's search finds is up to a minute old, so that somebody who has just
// been made is not found and made again. Lists and ids are current.
func TestF17_NothingIsDecidedBySearch(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(text), "Search(", file)
		require.NotContains(t, string(text), "/search", file)
	}
}
