// Package stories tells what Stripe documents as stories, and plays each of them on both official clients: stripe-go
// here, and stripe-node in the scripts of ../node/stories. A story uses the public API only and moves time by test
// clocks, so the very same files run against the sandbox and, with a key of one's own, against Stripe.
package stories

// Story is one thing that Stripe's documentation promises.
type Story struct {
	// Name is the key under which both clients keep their script.
	Name string
	// Page is where Stripe documents what the script asserts.
	Page string
}

// All is the one list of stories. A script that is not in it, and a story that one of the clients does not tell, fail
// the judges.
func All() []Story {
	const docs = "https://docs.stripe.com/"
	return []Story{
		// Subscribing.
		{"subscribe by checkout", docs + "billing/subscriptions/build-subscriptions"},
		{"subscribe with default_incomplete", docs + "billing/subscriptions/overview#subscription-payment-behavior"},
		{"trial that ends in an invoice", docs + "billing/subscriptions/trials"},
		{"trial that ends in a pause", docs + "billing/subscriptions/trials#create-free-trials-without-payment"},
		{"trial that ends in a cancellation", docs + "billing/subscriptions/trials#create-free-trials-without-payment"},

		// Changing.
		{"upgrade invoiced at once", docs + "billing/subscriptions/prorations"},
		{"downgrade by a schedule", docs + "billing/subscriptions/subscription-schedules/use-cases"},
		{"seats", docs + "billing/subscriptions/quantities"},
		{"switch from month to year", docs + "billing/subscriptions/change-price"},
		{"pending update", docs + "billing/subscriptions/pending-updates"},
		{"preview equals invoice", docs + "billing/subscriptions/prorations#preview-proration"},
		{"pause and resume collection", docs + "billing/subscriptions/pause-payment"},

		// Ending.
		{"cancel at period end and undo", docs + "billing/subscriptions/cancel"},
		{"cancel at period end and leave", docs + "billing/subscriptions/cancel"},
		{"cancel now with proration", docs + "billing/subscriptions/cancel#handle-invoice-items-when-canceling-subscriptions"},
		{"dunning ends in cancellation", docs + "billing/revenue-recovery/smart-retries"},
		{"recovery by a new card", docs + "billing/subscriptions/overview"},

		// Giving money back.
		{"refund in full", docs + "refunds"},
		{"refund in parts", docs + "refunds"},
		{"dispute won", docs + "testing#disputes"},
		{"dispute lost", docs + "testing#disputes"},
		{"credit note", docs + "invoicing/integration/programmatic-credit-notes"},
		{"customer balance", docs + "billing/customer/balance"},

		// Discounts and tax.
		{"coupon for once", docs + "billing/subscriptions/coupons"},
		{"coupon for months", docs + "billing/subscriptions/coupons"},
		{"coupon for ever", docs + "billing/subscriptions/coupons"},
		{"promotion code with limits", docs + "billing/subscriptions/coupons#promotion-codes"},
		{"tax rates", docs + "billing/taxes/tax-rates"},
		{"automatic tax", docs + "tax/subscriptions"},

		// Pricing.
		{"tiers", docs + "products-prices/pricing-models#tiered-pricing"},
		{"metered usage", docs + "billing/subscriptions/usage-based/implementation-guide"},
		{"lookup keys", docs + "products-prices/manage-prices#lookup-keys"},

		// Invoices and time.
		{"one-off invoice", docs + "invoicing/integration"},
		{"void and uncollectible", docs + "invoicing/overview#invoice-statuses"},
		{"test clock", docs + "billing/testing/test-clocks"},

		// Paying.
		{"setup intent", docs + "payments/save-and-reuse"},
		{"payment intent with 3-D Secure", docs + "testing#regulatory-cards"},
		{"decline codes", docs + "testing#declined-payments"},
		{"portal", docs + "customer-management/integrate-customer-portal"},

		// The API itself.
		{"auto-paging", docs + "api/pagination/auto"},
		{"search", docs + "search"},
		{"expanding", docs + "expand"},
		{"idempotency", docs + "api/idempotent_requests"},
		{"errors", docs + "api/errors"},
		{"metadata", docs + "api/metadata"},
		{"webhook endpoint", docs + "webhooks"},
		{"events", docs + "api/events/list"},
	}
}
