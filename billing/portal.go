package billing

import (
	"context"
	"fmt"

	"example.com/tollgate/internal/fault"
	"example.com/tollgate/models"
)

// PortalInput says who wants to see Stripe's customer portal, and which page of it. Flow is empty for
// the front page.
type PortalInput struct {
	AccountID int64
	Flow      string
}

// PortalURL opens a portal session for the account's own customer. Which customer that is comes from
// the account alone. The faults are Invalid for a flow that is not offered, and Unavailable when Stripe
// does not answer.
func (s *Service) PortalURL(ctx context.Context, in PortalInput) (string, error) {
	customer, err := s.EnsureCustomer(ctx, in.AccountID)
	if err != nil {
		return "", err
	}
	url, err := s.openPortal(ctx, in, customer)
	if !missing(err) {
		return url, stripeFault(err)
	}
	// The customer may be gone at Stripe.
	if customer, err = s.renewCustomer(ctx, in.AccountID); err != nil {
		return "", stripeFault(err)
	}
	url, err = s.openPortal(ctx, in, customer)
	return url, stripeFault(err)
}

func (s *Service) openPortal(ctx context.Context, in PortalInput, customer string) (string, error) {
	params := PortalParams{Customer: customer, ReturnURL: s.AppURL + "/app/billing?from=portal", Flow: in.Flow}
	switch in.Flow {
	case "", FlowPaymentMethod:
	default:
		return "", fault.New(fault.Invalid, "bad_request")
	}
	url, err := s.Stripe.CreatePortal(ctx, params, "portal_"+models.NewToken())
	if err != nil {
		return "", fmt.Errorf("open the portal: %w", err)
	}
	return url, nil
}
